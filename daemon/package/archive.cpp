#include "daemon/package/archive.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/base/escape.hpp"
#include "daemon/package/tar.hpp"
#include "daemon/package/zstd.hpp"

namespace belay::package {
namespace {

constexpr std::size_t piece_size = 256 * 1024;

class Reader {
 public:
  Reader(const Fd& file, const std::string& name, const Limits& limits, ArchiveVisitor& visitor)
      : file_(file), name_(name), limits_(limits), visitor_(visitor), stream_(file, name), piece_(piece_size) {}

  Result<Digest> run() {
    BELAY_TRY(const auto members, read_manifest());
    BELAY_TRYV(check_members(members, limits_));
    BELAY_TRYV(check_ratio(members));
    BELAY_TRYV(visitor_.on_members(members));
    for (const Member& member : members) BELAY_TRYV(read_member(member));
    std::string end(2 * tar_block, '\1');
    BELAY_TRYV(fill(end, "the end of the archive"));
    if (end.find_first_not_of('\0') != end.npos) {
      Member nothing{.path = "(end of the archive)"};
      Error error = explain_header(end, nothing);
      return fail(Kind::invalid, fmt::format("{} holds more than its manifest lists: {}", show(name_), error.what),
                  error.next);
    }
    return stream_.finish();
  }

 private:
  // Exactly as many bytes as `to` has room for.
  Result<void> fill(std::string& to, std::string_view what) {
    BELAY_TRY(const std::size_t got, stream_.read(to.data(), to.size()));
    if (got == to.size()) return {};
    return fail(Kind::invalid, fmt::format("{} is cut off in {}", show(name_), what),
                "Fetch or build the package again.");
  }

  Result<void> skip_padding(std::uint64_t size) {
    std::string padding(tar_padding(size), '\1');
    BELAY_TRYV(fill(padding, "the padding of a member"));
    if (padding.find_first_not_of('\0') == padding.npos) return {};
    return fail(Kind::invalid, fmt::format("{} hides bytes between its members", show(name_)),
                "Build the package again with belay package build.");
  }

  Result<std::vector<Member>> read_manifest() {
    std::string block(tar_block, '\0');
    BELAY_TRYV(fill(block, "MANIFEST.json"));
    BELAY_TRY(const std::uint64_t size, manifest_size(block, limits_));
    std::string text;
    for (std::uint64_t left = size; left > 0;) {
      // Grown with what really arrives, never with what a header promises.
      std::string part(static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_size)), '\0');
      BELAY_TRYV(fill(part, "MANIFEST.json"));
      text += part;
      left -= part.size();
    }
    BELAY_TRYV(skip_padding(size));
    return parse_manifest(text, limits_);
  }

  Result<void> check_ratio(const std::vector<Member>& members) {
    BELAY_TRY(const std::uint64_t packed, size_of(file_, name_));
    const std::uint64_t total = total_size(members);
    if (total <= limits_.ratio_from || total / limits_.ratio <= packed) return {};
    return fail(Kind::refused,
                fmt::format("{} of {} claims to unpack to {}, more than {} times its size", show(name_),
                            size_text(packed), size_text(total), limits_.ratio),
                "A package that large must not be made of almost nothing.");
  }

  Result<void> read_member(const Member& member) {
    const std::string expected = tar_header(member);
    std::string found(expected.size(), '\0');
    BELAY_TRYV(fill(found, "the header of \"" + show(member.path) + "\""));
    if (found != expected) return std::unexpected(explain_header(found, member));
    if (member.type != MemberType::file) return {};
    BELAY_TRY(const bool wanted, visitor_.on_begin(member));
    Hasher hasher;
    for (std::uint64_t left = member.size; left > 0;) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece_.size()));
      BELAY_TRY(const std::size_t got, stream_.read(piece_.data(), size));
      if (got != size) {
        return fail(Kind::invalid, fmt::format("{} is cut off in \"{}\"", show(name_), show(member.path)),
                    "Fetch or build the package again.");
      }
      const std::string_view data(piece_.data(), size);
      hasher.update(data);
      if (wanted) BELAY_TRYV(visitor_.on_data(data));
      left -= size;
    }
    BELAY_TRYV(skip_padding(member.size));
    if (hasher.finish() != member.digest) {
      return fail(Kind::integrity,
                  fmt::format("the contents of \"{}\" are not those that the manifest lists", show(member.path)),
                  "Fetch or build the package again.");
    }
    if (wanted) BELAY_TRYV(visitor_.on_end(member));
    return {};
  }

  const Fd& file_;
  const std::string& name_;
  const Limits& limits_;
  ArchiveVisitor& visitor_;
  ZstdReader stream_;
  std::vector<char> piece_;
};

}  // namespace

Result<Digest> read_archive(const Fd& file, const std::string& name, const Limits& limits, ArchiveVisitor& visitor) {
  return Reader(file, name, limits, visitor).run();
}

}  // namespace belay::package
