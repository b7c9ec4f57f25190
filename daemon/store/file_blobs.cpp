#include "daemon/store/file_blobs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"
#include "daemon/store/posix.hpp"

namespace belay::store {
namespace {

std::filesystem::path place(const std::filesystem::path& directory, const Digest& digest) {
  const std::string hex = digest.hex();
  return directory / hex.substr(0, 2) / hex;
}

class FileWriter final : public BlobWriter {
 public:
  FileWriter(std::filesystem::path directory, std::filesystem::path temporary, Fd fd)
      : directory_(std::move(directory)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  ~FileWriter() override {
    if (!named_) ::unlink(temporary_.c_str());
  }
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  Result<void> write(std::string_view data) override {
    hasher_.update(data);
    return write_all(fd_, data, temporary_);
  }

  Result<Digest> finish() override {
    BELAY_TRYV(sync_file(fd_, temporary_));
    const Digest digest = hasher_.finish();
    const std::filesystem::path path = place(directory_, digest);
    // Over an existing one, too: it has the same bytes, or the disk has lost some and now they are whole again.
    if (::rename(temporary_.c_str(), path.c_str()) != 0) return io_error("name the blob", path, errno);
    named_ = true;
    BELAY_TRYV(sync_directory(path.parent_path()));
    return digest;
  }

 private:
  const std::filesystem::path directory_;
  const std::filesystem::path temporary_;
  Fd fd_;
  Hasher hasher_;
  bool named_ = false;
};

std::unexpected<Error> missing(const Digest& digest) {
  return fail(Kind::not_found, fmt::format("there is no blob {}", digest.hex()));
}

}  // namespace

Result<std::unique_ptr<FileBlobs>> FileBlobs::open(const std::filesystem::path& directory) {
  const std::filesystem::path temporary = directory / "tmp";
  BELAY_TRYV(make_directory(directory));
  BELAY_TRYV(make_directory(temporary));
  // All at once, so that no later put has to make one and wonder whether its entry is synced.
  bool made = false;
  for (int i = 0; i < 256; ++i) {
    const std::filesystem::path path = directory / fmt::format("{:02x}", i);
    if (::mkdir(path.c_str(), 0700) == 0)
      made = true;
    else if (errno != EEXIST)
      return io_error("make the directory", path, errno);
  }
  if (made) BELAY_TRYV(sync_directory(directory));

  std::error_code error;
  for (std::filesystem::directory_iterator at(temporary, error), end; !error && at != end; at.increment(error))
    if (::unlink(at->path().c_str()) != 0) return io_error("remove", at->path(), errno);
  if (error) return io_error("read the directory", temporary, error.value());
  return std::unique_ptr<FileBlobs>(new FileBlobs(directory));
}

Result<std::unique_ptr<BlobWriter>> FileBlobs::begin() {
  std::filesystem::path temporary = directory_ / "tmp" / random_hex(16);
  BELAY_TRY(Fd fd, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, 0400));
  return std::make_unique<FileWriter>(directory_, std::move(temporary), std::move(fd));
}

Result<Digest> FileBlobs::put(std::string_view data) {
  const Digest digest = sha256(data);
  if (const auto there = sha256_file(place(directory_, digest)); there && *there == digest) {
    // It may be there since a moment ago, renamed by somebody who has not synced the directory yet.
    BELAY_TRYV(sync_directory(place(directory_, digest).parent_path()));
    return digest;
  }
  BELAY_TRY(auto writer, begin());
  BELAY_TRYV(writer->write(data));
  return writer->finish();
}

bool FileBlobs::has(const Digest& digest) const {
  struct stat info{};
  return ::lstat(place(directory_, digest).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Result<std::uint64_t> FileBlobs::size(const Digest& digest) const {
  struct stat info{};
  const auto path = place(directory_, digest);
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return missing(digest);
    return io_error("look at", path, errno);
  }
  return static_cast<std::uint64_t>(info.st_size);
}

Result<std::string> FileBlobs::get(const Digest& digest, std::uint64_t limit) const {
  BELAY_TRY(const std::uint64_t bytes, size(digest));
  if (bytes > limit)
    return fail(Kind::integrity,
                fmt::format("blob {} has {} bytes, and {} at most were expected", digest.brief(), bytes, limit));
  const auto path = place(directory_, digest);
  BELAY_TRY(const Fd fd, open_file(path, O_RDONLY));
  std::string data(bytes, '\0');
  std::size_t have = 0;
  while (have < data.size()) {
    const ssize_t count = ::read(fd.get(), data.data() + have, data.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_error("read", path, errno);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  data.resize(have);
  if (sha256(data) != digest)
    return fail(Kind::integrity,
                fmt::format("blob {} is not what its name says: the disk has changed it", show(path.string())),
                "Remove that file and submit the package again, or restore it from a backup.");
  return data;
}

Result<void> FileBlobs::discard(const Digest& digest) {
  std::error_code error;
  std::filesystem::remove(place(directory_, digest), error);
  if (error) return fail(Kind::io, fmt::format("cannot remove the blob {}: {}", digest.brief(), error.message()));
  return {};
}

Result<std::filesystem::path> FileBlobs::path(const Digest& digest) const {
  if (!has(digest)) return missing(digest);
  return place(directory_, digest);
}

}  // namespace belay::store
