// What a received package holds, by digest: enough to plan and to stage it without ever opening the archive again.
//
// Plain values. Made by daemon/package from the verified archive; names live here alone, the store knows digests only.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "daemon/base/digest.hpp"
#include "daemon/model/playbook.hpp"
#include "daemon/model/release.hpp"

namespace belay {

struct Member {
  char type = 'f';  // f, d or l
  std::uint32_t mode = 0644;
  std::uint64_t size = 0;
  Digest digest;       // of a file's bytes
  std::string target;  // of a symbolic link
};

struct PackageContents {
  Digest digest;           // of the archive
  Digest playbook_digest;  // of playbook.yaml's bytes: the plan's template
  Release release;
  Playbook playbook;
  std::map<std::string, Member> members;  // path in the package → member
};

}  // namespace belay
