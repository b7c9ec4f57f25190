#include "daemon/store/head.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "daemon/base/digest.hpp"
#include "daemon/base/escape.hpp"

namespace belay::store {
namespace {

// Always the same length, so that it is one write within one sector and never cuts or leaves an old tail.
std::string line(const Reached& reached) {
  const std::string body = fmt::format("belay-head 1 {:020} {:020} {} ", reached.commits, reached.seq, reached.hash);
  return body + sha256(body).hex() + "\n";
}

}  // namespace

Result<Head> Head::open(const std::filesystem::path& path) {
  BELAY_TRY(Fd fd, open_file(path, O_RDWR | O_CREAT, 0600));
  return Head(std::move(fd), path);
}

Result<std::optional<Reached>> Head::read() const {
  std::array<char, 512> bytes{};
  const ssize_t count = ::pread(fd_.get(), bytes.data(), bytes.size(), 0);
  if (count < 0) return io_error("read", path_, errno);
  if (count == 0) return std::nullopt;
  const std::string text(bytes.data(), static_cast<std::size_t>(count));
  Reached reached;
  std::string name;
  int version = 0;
  std::istringstream(text) >> name >> version >> reached.commits >> reached.seq >> reached.hash;
  if (line(reached) != text)
    return fail(Kind::integrity,
                fmt::format("{}, which says how far the journal reached, is damaged", show(path_.string())),
                "If the disk is sound and the journal is known to be whole, remove that file and start belayd again.");
  return reached;
}

Result<void> Head::write(const Reached& reached) {
  const std::string text = line(reached);
  for (;;) {
    const ssize_t count = ::pwrite(fd_.get(), text.data(), text.size(), 0);
    if (count == static_cast<ssize_t>(text.size())) return {};
    if (count >= 0) return io_error("write", path_, EIO);
    if (errno != EINTR) return io_error("write", path_, errno);
  }
}

}  // namespace belay::store
