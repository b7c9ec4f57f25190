#include "tests/fuzz/package/targets.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include <string>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/model/template.hpp"
#include "daemon/model/words.hpp"
#include "daemon/package/package.hpp"
#include "daemon/package/paths.hpp"
#include "daemon/package/sshsig.hpp"
#include "daemon/package/tar.hpp"
#include "daemon/package/texts.hpp"
#include "daemon/wire/json.hpp"
#include "daemon/wire/yaml.hpp"

namespace {

using namespace belay;

// What every error of ours promises: a sentence, on one line, without terminal sequences.
void expect_sentence(const Error& error) {
  BELAY_CHECK(!error.what.empty());
  BELAY_CHECK(error.what.find('\n') == std::string::npos);
  BELAY_CHECK(error.what.find('\x1B') == std::string::npos);
}

void expect_lossless(const Value& value) {
  if (auto text = value.as_text(); text && !value.is_text()) BELAY_CHECK(wire::plain_scalar(*text) == value);
  for (const Value& item : value.is_list() ? *value.list() : Value::List{}) expect_lossless(item);
  for (const auto& entry : value.is_map() ? *value.map() : Value::Map{}) expect_lossless(entry.value);
}

void open_package(std::string_view bytes) {
  const package::Fd file(::memfd_create("fuzz", MFD_CLOEXEC));
  BELAY_CHECK(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  package::Limits limits;
  limits.total = 4U << 20;
  limits.manifest_bytes = 1U << 20;
  limits.members = 1000;
  auto opened = package::Package::open("/proc/self/fd/" + std::to_string(file.get()), limits);
  if (!opened) return expect_sentence(opened.error());
  BELAY_CHECK(opened->digest() == sha256(bytes));
  BELAY_CHECK(package::check_members(opened->members(), limits).has_value());
}

}  // namespace

void fuzz_yaml(std::string_view bytes) {
  auto value = wire::read_yaml(bytes, "f");
  if (value) {
    expect_lossless(*value);
    auto canonical = wire::canonical_json(wire::to_json(*value));
    BELAY_CHECK(canonical.has_value());
  } else {
    expect_sentence(value.error());
    BELAY_CHECK(value.error().place.has_value());
  }
  // Reading and checking agree, for any bytes.
  BELAY_CHECK(package::read_release(bytes, "f").has_value() == package::check_release(bytes, "f").empty());
  BELAY_CHECK(package::read_playbook(bytes, "f").has_value() == package::check_playbook(bytes, "f").empty());
}

void fuzz_json(std::string_view bytes) {
  auto json = wire::read_json(bytes, "f");
  if (!json) return expect_sentence(json.error());
  auto canonical = wire::canonical_json(*json);
  BELAY_CHECK(canonical.has_value());
  auto again = wire::read_json(*canonical, "f");
  BELAY_CHECK(again.has_value() && *again == *json);
  BELAY_CHECK(*wire::canonical_json(*again) == *canonical);
}

void fuzz_archive(std::string_view bytes) { open_package(bytes); }

void fuzz_tar(std::string_view bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 1));
  open_package(packed);
  if (bytes.size() >= package::tar_block) {
    const package::Member member{.path = "files/x", .mode = 0644};
    expect_sentence(package::explain_header(bytes.substr(0, package::tar_block), member));
  }
}

void fuzz_manifest(std::string_view bytes) {
  const package::Limits limits;
  auto members = package::parse_manifest(bytes, limits);
  if (!members) return expect_sentence(members.error());
  BELAY_CHECK(*package::manifest_text(*members) == bytes);
  if (auto fine = package::check_members(*members, limits); !fine) return expect_sentence(fine.error());
  for (const auto& member : *members) BELAY_CHECK(package::tar_header(member).size() % package::tar_block == 0);
}

void fuzz_text(std::string_view bytes) {
  const Lookup hostile = [](std::string_view) { return std::optional<std::string>("{{ x }} $(reboot)"); };
  auto rendered = render(bytes, hostile);
  auto uses = template_uses(bytes, Place{"f", 0, 0});
  BELAY_CHECK(rendered.has_value() == uses.has_value());
  if (!bytes.contains("{{")) BELAY_CHECK(rendered.has_value() && *rendered == bytes);
  if (!rendered) expect_sentence(rendered.error());
  if (auto words = split_words(bytes)) {
    BELAY_CHECK(!words->empty());
  } else {
    expect_sentence(words.error());
  }
  if (auto fine = package::check_path(bytes)) {
    BELAY_CHECK(is_utf8(bytes) && !bytes.starts_with('/') && !bytes.starts_with("../"));
    BELAY_CHECK(package::glob_matches("**", bytes));
  } else {
    expect_sentence(fine.error());
  }
  package::TwinFinder twins;
  BELAY_CHECK(twins.add(bytes).has_value() && !twins.add(bytes).has_value());
  std::ignore = package::check_link("files/a/b", bytes, [](std::string_view) { return nullptr; });
  std::ignore = package::glob_matches(bytes, "files/a/b/c.txt");
}

void fuzz_signature(std::string_view bytes) {
  if (auto signature = package::parse_signature(bytes); !signature) expect_sentence(signature.error());
}
