// A reply as one value.
#include <fmt/format.h>

#include "daemon/engine/leash.hpp"

namespace belay::engine {
namespace {

constexpr std::uint64_t largest_reply = 64u << 20;

}  // namespace

std::string Reply::section(const std::string& name) const {
  const auto found = sections.find(name);
  return found == sections.end() ? std::string() : found->second;
}

Result<void> ReplySections::begin(const std::string& name, std::uint64_t size) {
  if (size > largest_reply - total_)
    return fail(Kind::unknown, "the host's answer is larger than 64 MiB, or says so", "Touch less in one step");
  total_ += size;
  into_ = &reply_.sections[name];
  into_->clear();
  return {};
}

Result<void> ReplySections::data(std::string_view bytes) {
  *into_ += bytes;
  return {};
}

Result<Reply> parse_reply(std::string_view bytes, const std::string& nonce) {
  ReplySections sections;
  ReplyReader reader(nonce, sections);
  if (auto fed = reader.feed(bytes); !fed) return std::unexpected(fed.error());
  BELAY_TRY(const int rc, reader.finish());
  return sections.take(rc);
}

}  // namespace belay::engine
