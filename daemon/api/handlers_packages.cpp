// Packages: reception, lists, plans, and the blocks that a failed run leaves on a package.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>

#include "daemon/api/documents.hpp"
#include "daemon/api/handlers.hpp"
#include "daemon/api/on_workers.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/base/base64.hpp"
#include "daemon/base/escape.hpp"

namespace belay::api {
namespace {

// A signature by any key OpenSSH knows is far below this.
constexpr std::size_t signature_bytes = 6000;

Result<std::string> signature_of(const Request& request) {
  const std::string& query = request.arg("signature");
  if (!query.empty() && !request.signature.empty()) {
    return fail(Kind::invalid, "the signature was sent twice", "Send the query value or the header, not both.");
  }
  const std::string& encoded = query.empty() ? request.signature : query;
  auto text = encoded.size() > signature_bytes ? std::nullopt : decode_base64(encoded);
  if (!text) return fail(Kind::invalid, "the signature is not base64 of a .sig file", "Send `base64 -w0 FILE.sig`.");
  return *text;
}

// Streams the body into a blob through one block of memory; the sender waits while the disk is busy.
Awaitable<Result<Digest>> store(const Request& request, ApiContext& context) {
  auto begun = co_await on_workers(context.workers, [&blobs = context.blobs] { return blobs.begin(); });
  if (!begun) co_return std::unexpected(begun.error());
  BlobWriter& writer = **begun;
  std::vector<char> block(
      std::min<std::uint64_t>(context.limits.upload_block, std::max<std::uint64_t>(request.upload_bytes, 1)));
  for (;;) {
    const auto got = co_await request.upload->read(block);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) break;
    auto written = co_await on_workers(
        context.workers, [&writer, data = std::string_view(block.data(), *got)] { return writer.write(data); });
    if (!written) co_return std::unexpected(written.error());
  }
  co_return co_await on_workers(context.workers, [&writer] { return writer.finish(); });
}

Response unknown_package(const std::string& digest) {
  return problem(Error{Kind::not_found,
                       fmt::format("the daemon holds no package {}", show(digest).substr(0, 80)),
                       "Upload it first; `belay deploy FILE` does that by itself.",
                       {}});
}

}  // namespace

Awaitable<Response> post_package(const Request& request, ApiContext& context) {
  const auto signature = signature_of(request);
  if (!signature) co_return problem(signature.error());
  const auto archive = co_await store(request, context);
  if (!archive) co_return problem(archive.error(), archive.error().kind == Kind::timeout ? 408 : 0);
  auto received = co_await context.receive(*archive, *signature);
  if (!received) {
    // Nothing of a refused package stays behind, unless it is one that was taken before.
    if (!co_await context.record.package(archive->hex())) {
      const auto gone = co_await on_workers(
          context.workers, [&blobs = context.blobs, digest = *archive] { return blobs.discard(digest); });
      if (!gone) co_return problem(gone.error());
    }
    co_return problem(received.error());
  }
  Response response;
  response.status = 201;
  response.body = std::move(*received);
  response.headers.emplace_back("Location", "/v1/packages/" + archive->hex());
  co_return response;
}

Awaitable<Response> get_packages(const Request&, ApiContext& context) {
  std::vector<std::string> documents;
  for (const PackageRow& row : co_await context.record.packages()) documents.push_back(text_of(document(row)));
  co_return list_of(std::move(documents));
}

Awaitable<Response> get_package(const Request& request, ApiContext& context) {
  const std::string& digest = request.param("digest");
  const auto row = co_await context.record.package(digest);
  if (!row) co_return unknown_package(digest);
  Json shown = document(*row);
  shown["evidence"] = Json::array();
  for (const EvidenceRow& item : co_await context.record.evidence(digest)) shown["evidence"].push_back(document(item));
  shown["blocks"] = Json::array();
  for (const BlockRow& item : co_await context.record.blocks(digest)) shown["blocks"].push_back(document(item));
  Response response;
  response.body = text_of(shown);
  co_return response;
}

Awaitable<Response> post_plan(const Request& request, ApiContext& context) {
  const std::string digest = request.text("package");
  if (auto parsed_digest = Digest::parse(digest); !parsed_digest) co_return problem(parsed_digest.error());
  if (!co_await context.record.package(digest)) co_return unknown_package(digest);
  auto plan = co_await context.control.plan(digest, request.text("environment"));
  if (!plan) co_return problem(plan.error());
  Response response;
  response.body = std::move(*plan);
  co_return response;
}

Awaitable<Response> get_blocks(const Request& request, ApiContext& context) {
  std::vector<std::string> documents;
  for (const BlockRow& row : co_await context.record.blocks(request.arg("package"))) {
    documents.push_back(text_of(document(row)));
  }
  co_return list_of(std::move(documents));
}

Awaitable<Response> lift_block(const Request& request, ApiContext& context) {
  const std::string& digest = request.param("digest");
  const std::string environment = request.text("environment");
  const std::string reason = request.text("reason");
  if (reason.empty()) co_return problem(Error{Kind::invalid, "a block is not lifted without a reason", "Say why.", {}});
  // The first digits of a digest are enough, as Belay prints them, where they mean one package.
  if (digest.size() < 8) {
    co_return problem(
        Error{Kind::invalid, "at least 8 digits of the digest are needed", "`belay block list` shows it.", {}});
  }
  const auto blocks = co_await context.record.blocks();
  std::vector<RecordWrite> lifted;
  std::string meant;
  Json shown;
  for (BlockRow row : blocks) {
    if (row.environment != environment || !row.package.starts_with(digest)) continue;
    if (!meant.empty() && meant != row.package) {
      co_return problem(Error{Kind::conflict,
                              fmt::format("{} begins the digests of two blocked packages", show(digest)),
                              "Give more digits: `belay block list` shows them.",
                              {}});
    }
    meant = row.package;
    row.lifted_by = request.peer.actor;
    row.lift_reason = reason;
    row.lifted_ms = context.clock.now_ms();
    shown = document(row);
    lifted.emplace_back(std::move(row));
  }
  if (lifted.empty()) {
    co_return problem(Error{Kind::not_found,
                            fmt::format("{} is not blocked in '{}'", show(digest).substr(0, 80), show(environment)),
                            "`belay block list` shows what is blocked.",
                            {}});
  }
  // Awaited in two steps, so that the vectors outlive the call.
  const auto sequence = co_await context.journal.append({}, std::move(lifted));
  (void)sequence;
  Response response;
  response.body = text_of(shown);
  co_return response;
}

}  // namespace belay::api
