#include "daemon/package/build.hpp"

#include <string>

#include "daemon/package/files.hpp"
#include "daemon/package/scan.hpp"
#include "daemon/package/tar.hpp"
#include "daemon/package/texts.hpp"
#include "daemon/package/zstd.hpp"

namespace belay::package {

Result<Digest> build(const std::filesystem::path& directory, const std::filesystem::path& out, const Limits& limits) {
  const auto release_file = directory / release_path;
  const auto playbook_file = directory / playbook_path;
  BELAY_TRY(const std::string release_text, read_text(directory, release_path, limits));
  BELAY_TRY(const Release release, read_release(release_text, release_file.string()));
  BELAY_TRY(const Scan scanned, scan(directory, &release, limits));
  if (scanned.release_text != release_text) {
    return fail(Kind::integrity, "release.yaml was changed while it was being packed",
                "Wait until nothing writes to the directory, and build again.");
  }
  BELAY_TRY(const Playbook playbook, read_playbook(scanned.playbook_text, playbook_file.string()));
  BELAY_TRYV(check_together(release, playbook, scanned.members));

  BELAY_TRY(const std::string manifest, manifest_text(scanned.members));
  BELAY_TRY(AtomicFile file, AtomicFile::create(out));
  ZstdWriter archive(file);
  BELAY_TRYV(archive.write(manifest_header(manifest.size())));
  BELAY_TRYV(archive.write(manifest));
  BELAY_TRYV(archive.write(std::string(tar_padding(manifest.size()), '\0')));
  for (const Member& member : scanned.members) {
    BELAY_TRYV(archive.write(tar_header(member)));
    if (member.type != MemberType::file) continue;
    BELAY_TRYV(stream_file(scanned, member, [&](std::string_view data) { return archive.write(data); }));
    BELAY_TRYV(archive.write(std::string(tar_padding(member.size), '\0')));
  }
  BELAY_TRYV(archive.write(std::string(2 * tar_block, '\0')));
  BELAY_TRY(const Digest digest, archive.finish());
  BELAY_TRYV(file.commit());
  return digest;
}

}  // namespace belay::package
