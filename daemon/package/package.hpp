// Package: a release package that was read to its last byte and found to be what it says.
//
// open() checks everything (threats F-50 to F-53) and keeps the file open, so what is extracted later comes from the
// same file, is checked again, and must have the same digest; swapping the file in between is noticed. Nothing is ever
// unpacked under a name from the package: members go to a BlobSink by digest. A Package may be read by one thread at a
// time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/playbook.hpp"
#include "daemon/model/release.hpp"
#include "daemon/package/files.hpp"
#include "daemon/package/format.hpp"

namespace belay::package {

// Where extract() puts the contents of members: the blob store.
class BlobSink {
 public:
  virtual ~BlobSink() = default;
  // False: this blob is there already. Equal files of a package are begun once each.
  virtual Result<bool> begin(const Digest& digest, std::uint64_t size) = 0;
  virtual Result<void> write(std::string_view data) = 0;
  // The bytes since begin() have that digest. An extract() that fails in between never calls end() for them.
  virtual Result<void> end(const Digest& digest) = 0;
};

class Package {
 public:
  // Kind::invalid (not a well-formed package), Kind::integrity (contents are not those listed), Kind::refused (a
  // limit), Kind::not_found, Kind::io. One clear sentence each; nothing is written anywhere.
  static Result<Package> open(const std::filesystem::path& path, const Limits& limits = {});

  // SHA-256 of the file: the package's name.
  [[nodiscard]] const Digest& digest() const { return digest_; }
  [[nodiscard]] std::uint64_t file_size() const { return file_size_; }
  [[nodiscard]] const Release& release() const { return release_; }
  [[nodiscard]] const Playbook& playbook() const { return playbook_; }
  // The very texts that release() and playbook() were read from.
  [[nodiscard]] const std::string& release_text() const { return release_text_; }
  [[nodiscard]] const std::string& playbook_text() const { return playbook_text_; }
  // In the order of the manifest: release.yaml, playbook.yaml, files, files/….
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  // Null when there is none of that path.
  [[nodiscard]] const Member* find(std::string_view path) const;

  // Every file's contents once, streaming. Kind::integrity when the file is no longer the one that was opened.
  Result<void> extract(BlobSink& sink) const;

  // The contents of these files, in one pass; a path that is no file, or larger than `limit`, is left out.
  [[nodiscard]] Result<std::map<std::string, std::string>> read(const std::set<std::string>& paths,
                                                                std::size_t limit) const;

 private:
  Package() = default;

  std::string name_;
  Limits limits_;
  Fd file_;
  Digest digest_;
  std::uint64_t file_size_ = 0;
  std::vector<Member> members_;
  std::string release_text_;
  std::string playbook_text_;
  Release release_;
  Playbook playbook_;
};

}  // namespace belay::package
