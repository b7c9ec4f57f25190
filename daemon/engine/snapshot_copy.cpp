#include "daemon/engine/snapshot_copy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "daemon/base/escape.hpp"

namespace belay::engine {
namespace {

constexpr std::uint64_t largest_list = 16u << 20;

std::unexpected<Error> wrong(std::string what) {
  return fail(Kind::integrity, "the snapshot could not be copied to the daemon: " + std::move(what),
              "Look at the host's disk; nothing was applied");
}

// The kit names the files of a snapshot itself, and plainly; what else stands in the list is not from it.
bool is_ours(std::string_view path) {
  if (path.empty() || path.size() > 200 || path.front() == '/' || path.find("..") != std::string_view::npos)
    return false;
  return std::ranges::all_of(path, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  });
}

}  // namespace

Result<void> SnapshotCopy::begin(const std::string& name, std::uint64_t size) {
  in_ = name == "sums" ? In::sums : name == "complete" ? In::complete : name.starts_with("copy.") ? In::file : In::rest;
  switch (in_) {
    case In::rest:
      return rest_.begin(name, size);
    case In::sums:
    case In::complete:
      if (size > largest_list) return wrong("its list of files is too long");
      (in_ == In::sums ? sums_ : complete_).clear();
      return {};
    case In::file:
      break;
  }
  if (!tar_) BELAY_TRYV(read_list());
  if (next_ == files_.size()) return wrong("the host sends more files than it listed");
  hasher_.emplace();
  bytes_ += size;
  return tar_->begin(files_[next_].path, size);
}

Result<void> SnapshotCopy::data(std::string_view bytes) {
  switch (in_) {
    case In::rest:
      return rest_.data(bytes);
    case In::sums:
      sums_ += bytes;
      return {};
    case In::complete:
      complete_ += bytes;
      return {};
    case In::file:
      break;
  }
  hasher_->update(bytes);
  BELAY_TRYV(tar_->data(bytes));
  return to_->write(tar_->take());
}

Result<void> SnapshotCopy::end() {
  if (in_ == In::rest) return rest_.end();
  if (in_ != In::file) return {};
  const File& file = files_[next_++];
  if (hasher_->finish().hex() != file.digest)
    return wrong(fmt::format("{} arrived with another content than the host listed", file.path));
  return {};
}

Result<void> SnapshotCopy::read_list() {
  while (complete_.ends_with('\n')) complete_.pop_back();
  if (sha256(sums_).hex() != complete_) return wrong("its list of files is not the one it was completed with");
  std::string_view rest = sums_;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    constexpr std::size_t digest = 64;
    std::string_view path = line.size() > digest + 2 ? line.substr(digest + 2) : std::string_view();
    if (path.starts_with("./")) path.remove_prefix(2);
    if (!is_ours(path) || !Digest::parse(line.substr(0, digest)))
      return wrong(fmt::format("its list has the line \"{}\"", show(line.substr(0, 200))));
    files_.push_back({std::string(line.substr(0, digest)), std::string(path)});
  }
  BELAY_TRY(to_, vault_.begin());
  tar_.emplace();
  return {};
}

Result<SnapshotCopy::Made> SnapshotCopy::finish() {
  if (!tar_) BELAY_TRYV(read_list());
  if (next_ != files_.size()) return wrong("the host sends fewer files than it listed");
  const auto manifest = std::ranges::find(files_, std::string_view("MANIFEST"), &File::path);
  if (manifest == files_.end()) return wrong("it has no manifest");
  BELAY_TRYV(tar_->file("SUMS", sums_));
  BELAY_TRYV(tar_->file("COMPLETE", complete_ + '\n'));
  BELAY_TRYV(tar_->finish());
  BELAY_TRYV(to_->write(tar_->take()));
  BELAY_TRY(const Digest sealed, to_->finish());
  return Made{sealed, manifest->digest, bytes_};
}

Result<Source> copy_stream(Vault& vault, const Digest& sealed) {
  // Once to its end before a byte of it is sent: a source that fails in the middle would cost the connection, and the
  // operator the reason.
  BELAY_TRY(auto first, vault.open(sealed));
  while (true) {
    BELAY_TRY(const std::string piece, first->next());
    if (piece.empty()) break;
  }
  BELAY_TRY(auto opened, vault.open(sealed));
  return Source([reader = std::shared_ptr<VaultReader>(std::move(opened))]() -> Awaitable<Result<std::string>> {
    co_return reader->next();
  });
}

}  // namespace belay::engine
