#include "tests/simulation/engine/disk.hpp"

#include <algorithm>

namespace belay::simulated {

std::string Disk::directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::optional<std::string> Disk::read(const std::string& path) const {
  const auto found = names_.find(path);
  if (found == names_.end()) return std::nullopt;
  return files_.at(found->second).now;
}

void Disk::apply(std::map<std::string, int>& names, const Change& change) {
  for (const auto& [name, file] : change.names)
    if (file == 0)
      names.erase(name);
    else
      names[name] = file;
}

void Disk::change(Change change) {
  apply(names_, change);
  pending_.push_back(std::move(change));
}

void Disk::write(const std::string& path, const std::string& content) {
  const auto found = names_.find(path);
  if (found != names_.end()) {
    files_[found->second].now = content;
    return;
  }
  files_[++last_].now = content;
  change({{{path, last_}}});
}

void Disk::sync(const std::string& path) {
  if (const auto found = names_.find(path); found != names_.end()) {
    File& file = files_[found->second];
    file.synced = file.now;
  }
}

void Disk::sync_directory(const std::string& directory) {
  if (forgets_directories) return;
  std::vector<Change> rest;
  for (Change& one : pending_) {
    const bool here =
        std::ranges::any_of(one.names, [&](const auto& name) { return directory_of(name.first) == directory; });
    if (here)
      apply(synced_, one);
    else
      rest.push_back(std::move(one));
  }
  pending_ = std::move(rest);
}

bool Disk::rename(const std::string& from, const std::string& to) {
  const auto found = names_.find(from);
  if (found == names_.end()) return false;
  change({{{from, 0}, {to, found->second}}});
  return true;
}

void Disk::remove(const std::string& path) {
  if (exists(path)) change({{{path, 0}}});
}

void Disk::settle(const std::string& path, const std::string& content) {
  write(path, content);
  sync(path);
  std::erase_if(pending_, [&](const Change& one) { return one.names.contains(path) && one.names.size() == 1; });
  synced_[path] = names_[path];
}

std::optional<std::string> Disk::durable(const std::string& path) const {
  const auto now = names_.find(path);
  const auto then = synced_.find(path);
  if (now == names_.end() || then == synced_.end() || now->second != then->second) return std::nullopt;
  if (std::ranges::any_of(pending_, [&](const Change& one) { return one.names.contains(path); })) return std::nullopt;
  const File& file = files_.at(now->second);
  if (file.synced != file.now) return std::nullopt;
  return file.now;
}

void Disk::power_cut(Loss loss) {
  std::size_t count = 0;
  const auto kept = [&] {
    ++count;
    if (loss == Loss::mixed || loss == Loss::mixed_other) return (count % 2 == 0) == (loss == Loss::mixed);
    return loss == Loss::none;
  };
  for (const Change& one : pending_)
    if (kept()) apply(synced_, one);
  pending_.clear();
  names_ = synced_;
  for (auto& [number, file] : files_) {
    // What was never synced is there with its name at most: an empty file.
    if (file.synced != file.now && !kept()) file.now = file.synced.value_or("");
    file.synced = file.now;
  }
}

std::vector<std::string> Disk::list(const std::string& prefix) const {
  std::vector<std::string> out;
  for (auto at = names_.lower_bound(prefix); at != names_.end() && at->first.starts_with(prefix); ++at)
    out.push_back(at->first);
  return out;
}

}  // namespace belay::simulated
