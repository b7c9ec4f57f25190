// One strict pass over a package file: frame, headers, contents, end. Everything that reads a package goes through
// here.
//
// Contents are handed on in pieces and hashed on the way; a member is announced complete only when its digest is the
// one of the manifest. Memory does not grow with the size of members. Internal to daemon/package; one thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/package/files.hpp"
#include "daemon/package/format.hpp"

namespace belay::package {

class ArchiveVisitor {
 public:
  virtual ~ArchiveVisitor() = default;
  // All members, before the first contents are read.
  virtual Result<void> on_members(const std::vector<Member>& members) = 0;
  // False: the contents of this file are not wanted (they are checked all the same).
  virtual Result<bool> on_begin(const Member& member) = 0;
  virtual Result<void> on_data(std::string_view data) = 0;
  virtual Result<void> on_end(const Member& member) = 0;
};

// The digest of the file, when every byte of it was as it must be. `name` is for messages.
[[nodiscard]] Result<Digest> read_archive(const Fd& file, const std::string& name, const Limits& limits,
                                          ArchiveVisitor& visitor);

}  // namespace belay::package
