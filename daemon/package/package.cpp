#include "daemon/package/package.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "daemon/base/escape.hpp"
#include "daemon/package/archive.hpp"
#include "daemon/package/texts.hpp"

namespace belay::package {
namespace {

// Keeps the members and the contents of chosen files.
class Keeper : public ArchiveVisitor {
 public:
  Keeper(std::set<std::string> paths, std::size_t limit) : paths_(std::move(paths)), limit_(limit) {}

  std::vector<Member> members;
  std::map<std::string, std::string> texts;

  Result<void> on_members(const std::vector<Member>& all) override {
    members = all;
    return {};
  }
  Result<bool> on_begin(const Member& member) override {
    const bool wanted = paths_.contains(member.path) && member.size <= limit_;
    if (wanted) current_ = &texts[member.path];
    return wanted;
  }
  Result<void> on_data(std::string_view data) override {
    current_->append(data);
    return {};
  }
  Result<void> on_end(const Member&) override { return {}; }

 private:
  std::set<std::string> paths_;
  std::size_t limit_;
  std::string* current_ = nullptr;
};

class ToSink : public ArchiveVisitor {
 public:
  explicit ToSink(BlobSink& sink) : sink_(sink) {}

  Result<void> on_members(const std::vector<Member>&) override { return {}; }
  Result<bool> on_begin(const Member& member) override {
    if (!done_.insert(member.digest).second) return false;
    return sink_.begin(member.digest, member.size);
  }
  Result<void> on_data(std::string_view data) override { return sink_.write(data); }
  Result<void> on_end(const Member& member) override { return sink_.end(member.digest); }

 private:
  BlobSink& sink_;
  std::unordered_set<Digest> done_;
};

}  // namespace

Result<Package> Package::open(const std::filesystem::path& path, const Limits& limits) {
  Package package;
  package.name_ = path.filename().string();
  package.limits_ = limits;
  BELAY_TRY(package.file_, open_regular(path));
  BELAY_TRY(package.file_size_, size_of(package.file_, package.name_));
  Keeper keeper({std::string(release_path), std::string(playbook_path)}, limits.text_bytes);
  BELAY_TRY(package.digest_, read_archive(package.file_, package.name_, limits, keeper));
  package.members_ = std::move(keeper.members);
  package.release_text_ = std::move(keeper.texts[std::string(release_path)]);
  package.playbook_text_ = std::move(keeper.texts[std::string(playbook_path)]);
  BELAY_TRY(package.release_, read_release(package.release_text_, std::string(release_path)));
  BELAY_TRY(package.playbook_, read_playbook(package.playbook_text_, std::string(playbook_path)));
  BELAY_TRYV(check_together(package.release_, package.playbook_, package.members_));
  return package;
}

const Member* Package::find(std::string_view path) const {
  auto found = std::ranges::find_if(members_, [&](const Member& member) { return member.path == path; });
  return found == members_.end() ? nullptr : &*found;
}

Result<void> Package::extract(BlobSink& sink) const {
  ToSink visitor(sink);
  BELAY_TRY(const Digest now, read_archive(file_, name_, limits_, visitor));
  if (now == digest_) return {};
  return fail(Kind::integrity, fmt::format("{} was changed while it was being read", show(name_)),
              "Copy the package to a place that nobody writes to, and try again.");
}

Result<std::map<std::string, std::string>> Package::read(const std::set<std::string>& paths, std::size_t limit) const {
  Keeper keeper(paths, limit);
  BELAY_TRY(const Digest now, read_archive(file_, name_, limits_, keeper));
  if (now == digest_) return std::move(keeper.texts);
  return fail(Kind::integrity, fmt::format("{} was changed while it was being read", show(name_)),
              "Copy the package to a place that nobody writes to, and try again.");
}

}  // namespace belay::package
