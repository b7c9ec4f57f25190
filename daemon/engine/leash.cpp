#include "daemon/engine/leash.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"
#include "daemon/engine/snapshot_copy.hpp"

namespace belay::engine {
namespace {

using std::chrono::seconds;
constexpr seconds quick{60};
constexpr seconds grace{30};  // for a call around a script's own deadline
constexpr std::size_t shown_errors = 300;

Source nothing() { return {}; }

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end != 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::string first_line(const Reply& reply, const char* section) {
  const std::string text = reply.section(section);
  return text.substr(0, text.find('\n'));
}

Error refusal(const Reply& reply, const std::string& verb) {
  // What varies in the host's sentence (a command line, a path) is in the form of paths.
  const std::string said = show(decode_path(reply.section("error")));
  const std::string why = said.empty() ? "" : ": " + said;
  switch (reply.rc) {
    case 75:
      return {Kind::conflict, said.empty() ? "the host is busy: something else holds its lock" : said,
              "See what runs there, or wait for it to end", std::nullopt};
    case 76:
      return {Kind::conflict, "the host has been taken over by a newer run or daemon" + why,
              "Look for a second belayd; this one has stopped working on the host", std::nullopt};
    case 77:
      return {Kind::conflict, "the host has already done this" + why, "", std::nullopt};
    case 78:
      return {Kind::unknown, "this was begun before and its outcome is unknown" + why, "It will be taken back",
              std::nullopt};
    case 79:
      return {Kind::integrity, "the snapshot on the host is missing or damaged" + why, "", std::nullopt};
    case 80:
      return {Kind::conflict, "the host has taken the step back by itself" + why, "", std::nullopt};
    default:
      return {Kind::io, fmt::format("{} failed on the host (code {}){}", verb, reply.rc, why), "", std::nullopt};
  }
}

Result<OpResult> op_result(const Reply& reply) {
  OpResult out;
  std::string text = reply.section("rc");
  while (text.ends_with('\n')) text.pop_back();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.rc);
  if (error != std::errc{} || end != text.data() + text.size())
    return fail(Kind::unknown, "the host did not say how the script ended", "It will be taken back");
  out.output = reply.section("out");
  return out;
}

}  // namespace

Source source_of(std::string bytes) {
  return [rest = std::move(bytes)]() mutable -> Awaitable<Result<std::string>> { co_return std::exchange(rest, {}); };
}

Leash::Leash(std::shared_ptr<port::Connection> connection, const plugin::Catalogue& catalogue, std::string kit,
             std::string base, bool become_root)
    : connection_(std::move(connection)),
      catalogue_(catalogue),
      kit_(std::move(kit)),
      base_(std::move(base)),
      prefix_(become_root ? "sudo -n -- " : "") {}

Awaitable<Result<int>> Leash::execute(const std::string& command, std::string header, Source input, seconds deadline,
                                      const std::string& nonce, SectionSink& sink) {
  port::ExecRequest request;
  request.command = prefix_ + command;
  request.deadline = deadline;
  request.output_limit = std::numeric_limits<std::size_t>::max();
  request.input = [header = std::move(header), input = std::move(input)]() mutable -> Awaitable<Result<std::string>> {
    if (!header.empty()) co_return std::exchange(header, {});
    if (!input) co_return std::string();
    co_return co_await input();
  };
  ReplyReader reader(nonce, sink);
  std::string errors;
  request.output = [&](port::Stream stream, std::string_view bytes) {
    // What is wrong with an answer is told by finish(); until then the rest of it is let pass.
    if (stream == port::Stream::out)
      (void)reader.feed(bytes);
    else if (errors.size() < shown_errors)
      errors += bytes.substr(0, shown_errors - errors.size());
  };
  const port::ExecResult result = co_await connection_->exec(std::move(request));
  if (!result.known())
    co_return fail(result.begun ? Kind::unknown : Kind::unreachable, result.reason,
                   result.begun ? "The outcome will be asked for, or taken back" : "Check the host and its network");
  auto code = reader.finish();
  if (!code && !errors.empty()) code.error().what += "; on its error stream: " + show(errors);
  co_return code;
}

Awaitable<Result<int>> Leash::stream(std::string line, Source input, seconds deadline, SectionSink& sink) {
  const std::string nonce = random_hex(16);
  std::string header = fmt::format("{}\n{}\n{}\n{}\n", nonce, base_, kit_, line);
  co_return co_await execute(catalogue_.leash_command(), std::move(header), std::move(input), deadline, nonce, sink);
}

Awaitable<Result<Reply>> Leash::call(std::string line, Source input, seconds deadline) {
  const std::string verb = line.substr(0, line.find(' '));
  ReplySections sections;
  BELAY_CO_TRY(const int rc, co_await stream(std::move(line), std::move(input), deadline, sections));
  Reply reply = sections.take(rc);
  if (rc != 0 && rc != 71) co_return std::unexpected(refusal(reply, verb));
  co_return reply;
}

Awaitable<Result<void>> Leash::install() {
  if (kit_ != catalogue_.kit_digest().hex())
    co_return fail(Kind::conflict, fmt::format("the host no longer has the kit {} of this run", kit_.substr(0, 12)),
                   "Install the Belay version that planned the run, or restore the kit folder on the host");
  const std::string nonce = random_hex(16);
  std::string header = fmt::format("{}\n{}\n{}\n", nonce, base_, kit_);
  ReplySections sections;
  BELAY_CO_TRY(const int rc, co_await execute(catalogue_.install_command(), std::move(header),
                                              source_of(catalogue_.kit()), seconds(120), nonce, sections));
  if (rc != 0) co_return std::unexpected(refusal(sections.take(rc), "installing the kit"));
  co_return Result<void>{};
}

Awaitable<Result<std::map<std::string, std::string>>> Leash::facts() {
  BELAY_CO_TRY(Reply reply, co_await call("facts", nothing(), quick));
  if (reply.rc == 71) {
    BELAY_CO_TRYV(co_await install());
    BELAY_CO_TRY(reply, co_await call("facts", nothing(), quick));
    if (reply.rc == 71) co_return fail(Kind::io, "the kit was sent, but the host does not have it");
  }
  std::map<std::string, std::string> out;
  for (const std::string& line : lines_of(reply.section("facts")))
    if (const std::size_t equals = line.find('='); equals != std::string::npos)
      out[show(line.substr(0, equals))] = decode_path(std::string_view(line).substr(equals + 1));
  co_return out;
}

Awaitable<Result<void>> Leash::fence(std::uint64_t epoch) {
  BELAY_CO_TRY(Reply reply, co_await call(fmt::format("fence {}", epoch), nothing(), seconds(90)));
  if (reply.rc == 71) {
    BELAY_CO_TRYV(co_await install());
    BELAY_CO_TRY(reply, co_await call(fmt::format("fence {}", epoch), nothing(), seconds(90)));
  }
  if (reply.rc == 71) co_return fail(Kind::io, "the kit was sent, but the host does not have it");
  co_return Result<void>{};
}

Awaitable<Result<std::vector<std::string>>> Leash::missing(const std::vector<std::string>& digests) {
  std::string text;
  for (const std::string& digest : digests) text += digest + '\n';
  BELAY_CO_TRY(const Reply reply, co_await call("missing", source_of(std::move(text)), quick));
  co_return lines_of(reply.section("missing"));
}

Awaitable<Result<void>> Leash::stage(const std::string& run, std::uint64_t epoch, Source tar, seconds deadline) {
  BELAY_CO_TRYV(co_await call(fmt::format("stage {} {}", run, epoch), std::move(tar), deadline));
  co_return Result<void>{};
}

Awaitable<Result<Leash::Snapshot>> Leash::snapshot(const std::string& run, int step, std::uint64_t epoch,
                                                   seconds deadline, Vault* vault) {
  std::string line = fmt::format("snap {} {} {} {}", run, step, epoch, deadline.count());
  Snapshot out;
  if (vault == nullptr) {
    BELAY_CO_TRY(const Reply reply, co_await call(std::move(line), nothing(), deadline + grace));
    out.manifest = reply.section("manifest");
    co_return out;
  }
  ReplySections sections;
  SnapshotCopy copy(*vault, sections);
  BELAY_CO_TRY(const int rc, co_await stream(line + " copy", nothing(), deadline + grace, copy));
  const Reply reply = sections.take(rc);
  if (rc != 0) co_return std::unexpected(refusal(reply, "snap"));
  BELAY_CO_TRY(const SnapshotCopy::Made made, copy.finish());
  out.manifest = reply.section("manifest");
  if (sha256(out.manifest).hex() != made.manifest)
    co_return fail(Kind::integrity, "the host sent a manifest that is not the snapshot's own",
                   "Look at the host's disk; nothing was applied");
  out.copy = made.sealed;
  out.copied = made.bytes;
  co_return out;
}

Awaitable<Result<void>> Leash::give(const std::string& run, int step, std::uint64_t epoch, Source copy) {
  BELAY_CO_TRYV(co_await call(fmt::format("give {} {} {}", run, step, epoch), std::move(copy), std::chrono::hours(2)));
  co_return Result<void>{};
}

Awaitable<Result<std::string>> Leash::arm(const std::string& run, int step, std::uint64_t epoch, int seconds_) {
  BELAY_CO_TRY(const Reply reply,
               co_await call(fmt::format("arm {} {} {} {}", run, step, epoch, seconds_), nothing(), quick));
  co_return first_line(reply, "deadman");
}

Awaitable<Result<void>> Leash::renew(const std::string& run, std::uint64_t epoch, int seconds_) {
  BELAY_CO_TRYV(co_await call(fmt::format("renew {} {} {}", run, epoch, seconds_), nothing(), quick));
  co_return Result<void>{};
}

Awaitable<Result<OpResult>> Leash::op(std::string line, seconds deadline) {
  line += fmt::format(" {}", deadline.count());
  BELAY_CO_TRY(const Reply reply, co_await call(std::move(line), nothing(), deadline + grace));
  co_return op_result(reply);
}

Awaitable<Result<OpResult>> Leash::apply(const std::string& run, int step, std::uint64_t epoch, int attempt,
                                         seconds deadline) {
  std::string line = fmt::format("apply {} {} {} {}", run, step, epoch, deadline.count());
  if (attempt > 1) line += fmt::format(" {}", attempt);
  BELAY_CO_TRY(const Reply reply, co_await call(std::move(line), nothing(), deadline + grace));
  co_return op_result(reply);
}

Awaitable<Result<OpResult>> Leash::verify(const std::string& run, int step, std::uint64_t epoch, seconds deadline) {
  return op(fmt::format("verify {} {} {}", run, step, epoch), deadline);
}

Awaitable<Result<void>> Leash::commit(const std::string& run, int step, std::uint64_t epoch) {
  BELAY_CO_TRYV(co_await call(fmt::format("commit {} {} {}", run, step, epoch), nothing(), quick));
  co_return Result<void>{};
}

Awaitable<Result<OpResult>> Leash::restore(const std::string& run, int step, std::uint64_t epoch, seconds deadline) {
  BELAY_CO_TRY(const Reply reply,
               co_await call(fmt::format("restore {} {} {}", run, step, epoch), nothing(), deadline));
  co_return op_result(reply);
}

Awaitable<Result<OpResult>> Leash::settle(const std::string& run, int step, std::uint64_t epoch, seconds deadline) {
  BELAY_CO_TRY(const Reply reply, co_await call(fmt::format("settle {} {} {}", run, step, epoch), nothing(), deadline));
  co_return op_result(reply);
}

Awaitable<Result<std::string>> Leash::manifest(const std::string& run, int step, seconds deadline) {
  BELAY_CO_TRY(const Reply reply, co_await call(fmt::format("manifest {} {}", run, step), nothing(), deadline));
  co_return reply.section("manifest");
}

Awaitable<Result<Probe>> Leash::probe(const std::string& run, int step, const std::string& name) {
  BELAY_CO_TRY(const Reply reply, co_await call(fmt::format("probe {} {} {}", run, step, name), nothing(), quick));
  co_return Probe{first_line(reply, "probe"), first_line(reply, "token"), reply.section("out"),
                  first_line(reply, "deadman")};
}

Awaitable<Result<std::vector<std::string>>> Leash::keep(const std::string& run, int step, std::string manifest) {
  BELAY_CO_TRY(const Reply reply,
               co_await call(fmt::format("keep {} {}", run, step), source_of(std::move(manifest)), seconds(600)));
  co_return lines_of(reply.section("kept"));
}

Awaitable<Result<std::string>> Leash::plan(std::string tar) {
  BELAY_CO_TRY(const Reply reply, co_await call("plan", source_of(std::move(tar)), seconds(300)));
  co_return reply.section("items");
}

Awaitable<Result<std::string>> Leash::guard(std::string_view verb) {
  BELAY_CO_TRY(const Reply reply, co_await call(fmt::format("guard {}", verb), nothing(), seconds(120)));
  if (reply.rc == 71) co_return fail(Kind::io, "the host no longer has the kit it was sent a moment ago");
  co_return first_line(reply, "guard");
}

Awaitable<Result<std::string>> Leash::read(const std::string& encoded_path, std::size_t limit) {
  BELAY_CO_TRY(const Reply reply, co_await call(fmt::format("read {}", limit), source_of(encoded_path + '\n'), quick));
  co_return reply.section("data");
}

}  // namespace belay::engine
