#include "daemon/app/packages.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/api/on_workers.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"
#include "daemon/package/lint.hpp"
#include "daemon/package/package.hpp"
#include "daemon/package/signature.hpp"
#include "daemon/wire/json.hpp"

namespace belay::app {
namespace {

namespace fs = std::filesystem;

// Members become blobs; what is there already is not written again.
class Sink final : public package::BlobSink {
 public:
  explicit Sink(Blobs& blobs) : blobs_(blobs) {}
  Result<bool> begin(const Digest& digest, std::uint64_t) override {
    if (blobs_.has(digest)) return false;
    BELAY_TRY(writer_, blobs_.begin());
    return true;
  }
  Result<void> write(std::string_view data) override { return writer_->write(data); }
  Result<void> end(const Digest& digest) override {
    BELAY_TRY(const Digest written, writer_->finish());
    writer_.reset();
    if (written != digest)
      return fail(Kind::integrity, fmt::format("a member became the blob {}, not {}", written.brief(), digest.brief()));
    return {};
  }

 private:
  Blobs& blobs_;
  std::unique_ptr<BlobWriter> writer_;
};

std::chrono::sys_seconds moment(const Clock& clock) {
  return std::chrono::sys_seconds(std::chrono::seconds(clock.now_ms() / 1000));
}

PackageContents contents_of(const package::Package& from) {
  PackageContents out;
  out.digest = from.digest();
  out.playbook_digest = sha256(from.playbook_text());
  out.release = from.release();
  out.playbook = from.playbook();
  for (const package::Member& member : from.members()) {
    const char type = member.type == package::MemberType::file        ? 'f'
                      : member.type == package::MemberType::directory ? 'd'
                                                                      : 'l';
    out.members[member.path] = {type, member.mode, member.size, member.digest, member.target};
  }
  return out;
}

Result<void> write_durably(const fs::path& path, const std::string& text) {
  // Small and private: a temporary name, then a rename. Its loss would be noticed at the next gate, which asks for it.
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const fs::path temporary = path.parent_path() / ("." + random_hex(8));
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  if (!out) return fail(Kind::io, fmt::format("cannot write {}", temporary.string()));
  fs::rename(temporary, path, error);
  if (error) return fail(Kind::io, fmt::format("cannot write {}: {}", path.string(), error.message()));
  return {};
}

}  // namespace

struct Packages::Taken {
  PackageContents contents;
  std::uint64_t size = 0;
  std::string principal;
  std::string fingerprint;
  std::string unsigned_because;
  Findings findings;
};

Packages::Packages(fs::path state, std::uint64_t package_bytes, Journal& journal, Record& record, Blobs& blobs,
                   const Clock& clock, const plugin::Catalogue& catalogue, const std::vector<Environment>& environments,
                   boost::asio::any_io_executor pool)
    : state_(std::move(state)),
      package_bytes_(package_bytes),
      journal_(journal),
      record_(record),
      blobs_(blobs),
      clock_(clock),
      catalogue_(catalogue),
      environments_(environments),
      pool_(std::move(pool)) {}

fs::path Packages::signature_of(const std::string& digest) const { return state_ / "signatures" / (digest + ".sig"); }

Result<Packages::Taken> Packages::take(const Digest& archive, const std::string& signature) {
  BELAY_TRY(const fs::path path, blobs_.path(archive));
  package::Limits limits;
  limits.total = std::max(limits.total, package_bytes_);
  BELAY_TRY(const package::Package opened, package::Package::open(path, limits));
  if (opened.digest() != archive) return fail(Kind::integrity, "the archive is not what it was when it came in");
  Taken out;
  out.contents = contents_of(opened);
  out.size = opened.file_size();
  package::Catalogue actions;
  for (const auto& [name, info] : catalogue_.actions()) {
    BELAY_TRY(actions[name], wire::canonical_json(wire::to_json(info.schema)));
  }
  BELAY_TRY(out.findings, package::lint(opened, opened.release().application, actions));
  if (has_errors(out.findings)) {
    std::string what;
    int errors = 0;
    for (const Finding& finding : out.findings)
      if (finding.level == Finding::Level::error && errors++ == 0) what = finding.text();
    return fail(Kind::invalid,
                fmt::format("the package has {} {}; the first: {}", errors, errors == 1 ? "error" : "errors", what),
                "`belay lint FILE` shows all of them");
  }
  if (signature.empty()) {
    out.unsigned_because = "no signature came with it";
  } else {
    BELAY_TRYV(write_durably(signature_of(archive.hex()), signature));
    for (const Environment& environment : environments_) {
      if (environment.signers.empty()) continue;
      const auto signer =
          package::verify(path, signature_of(archive.hex()),
                          {.allowed_signers = environment.signers, .revoked = {}, .at = moment(clock_)});
      if (signer && signer->digest == archive) {
        out.principal = signer->principal;
        out.fingerprint = signer->fingerprint;
        break;
      }
      if (!signer) out.unsigned_because = signer.error().text();
    }
  }
  Sink sink(blobs_);
  BELAY_TRYV(opened.extract(sink));
  return out;
}

Awaitable<Result<std::string>> Packages::receive(Digest archive, std::string signature) {
  const bool known = (co_await record_.package(archive.hex())).has_value();
  auto taken = co_await api::on_workers(pool_, [&] { return take(archive, signature); });
  if (!taken) {
    if (!known) {
      (void)blobs_.discard(archive);
      std::error_code ignored;
      fs::remove(signature_of(archive.hex()), ignored);
    }
    co_return std::unexpected(taken.error());
  }
  const PackageRow row{.digest = archive.hex(),
                       .application = taken->contents.release.application,
                       .version = taken->contents.release.version,
                       .signer = taken->principal,
                       .key = taken->fingerprint,
                       .size = taken->size,
                       .received_ms = clock_.now_ms()};
  std::vector<RecordWrite> rows;
  rows.emplace_back(row);
  co_await journal_.append({}, std::move(rows));
  known_[row.digest] = std::move(taken->contents);
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : taken->findings)
    findings.push_back(
        {{"level", to_string(finding.level)},
         {"rule", finding.rule},
         {"message", finding.message},
         {"next", finding.next},
         {"place", {{"file", finding.place.file}, {"line", finding.place.line}, {"column", finding.place.column}}}});
  co_return nlohmann::json{{"digest", row.digest},
                           {"application", row.application},
                           {"version", row.version},
                           {"signer", row.signer},
                           {"key", row.key},
                           {"unsigned", taken->unsigned_because},
                           {"findings", std::move(findings)}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Awaitable<Result<PackageContents>> Packages::contents(const std::string& digest) {
  if (const auto found = known_.find(digest); found != known_.end()) co_return found->second;
  if (!co_await record_.package(digest))
    co_return fail(Kind::not_found, fmt::format("the daemon has no package {}", show(digest)),
                   "Send it first: `belay deploy FILE` does");
  BELAY_CO_TRY(const Digest name, Digest::parse(digest));
  auto read = co_await api::on_workers(pool_, [this, name]() -> Result<PackageContents> {
    BELAY_TRY(const fs::path path, blobs_.path(name));
    package::Limits limits;
    limits.total = std::max(limits.total, package_bytes_);
    BELAY_TRY(const package::Package opened, package::Package::open(path, limits));
    if (opened.digest() != name)
      return fail(Kind::integrity, fmt::format("the stored package {} is damaged", name.brief()));
    return contents_of(opened);
  });
  if (read) known_[digest] = *read;
  co_return read;
}

Awaitable<Result<std::string>> Packages::signer(const std::string& digest, const Environment& environment) {
  if (environment.signers.empty())
    co_return fail(Kind::refused, fmt::format("the environment {} has no `signers` file", environment.name),
                   "Set it in environments.yaml");
  BELAY_CO_TRY(const Digest name, Digest::parse(digest));
  co_return co_await api::on_workers(
      pool_, [this, name, digest, signers = environment.signers]() -> Result<std::string> {
        BELAY_TRY(const fs::path path, blobs_.path(name));
        BELAY_TRY(const package::Signer signer,
                  package::verify(path, signature_of(digest),
                                  {.allowed_signers = signers, .revoked = {}, .at = moment(clock_)}));
        if (signer.digest != name)
          return fail(Kind::integrity, fmt::format("the stored package {} is damaged", name.brief()));
        return signer.principal;
      });
}

}  // namespace belay::app
