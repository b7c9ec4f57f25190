#include "daemon/app/config_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/model/duration.hpp"
#include "daemon/wire/schema.hpp"
#include "daemon/wire/yaml.hpp"

namespace belay::app {
namespace {

constexpr std::size_t largest = 1 << 20;

std::unexpected<Error> cannot_read(const std::filesystem::path& path, int number) {
  return fail(number == ENOENT ? Kind::not_found : Kind::io,
              fmt::format("cannot read {}: {}", show(path.string()), std::generic_category().message(number)));
}

Result<void> check_owner(const std::filesystem::path& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) return fail(Kind::invalid, fmt::format("{} is not a file", show(path.string())));
  if ((info.st_mode & S_IWOTH) != 0 || (info.st_uid != 0 && info.st_uid != ::geteuid()))
    return fail(Kind::refused,
                fmt::format("{} could have been written by somebody else: {}", show(path.string()),
                            (info.st_mode & S_IWOTH) != 0 ? "everybody may write it" : "another user owns it"),
                "Give it to root or to the user that belayd runs as, mode 0640.");
  return {};
}

}  // namespace

Result<std::string> read_config_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot_read(path, errno);
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    const int number = errno;
    ::close(fd);
    return cannot_read(path, number);
  }
  if (auto fine = check_owner(path, info); !fine) {
    ::close(fd);
    return std::unexpected(fine.error());
  }
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int number = errno;
      ::close(fd);
      return cannot_read(path, number);
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
    // One byte too many is enough: the YAML reader then says that it is too large.
    if (count == 0 || text.size() > largest) break;
  }
  ::close(fd);
  return text;
}

Result<Value> read_checked(std::string_view text, const std::string& file, std::string_view schema) {
  BELAY_TRY(Value value, wire::read_yaml(text, file));
  if (value.is_null()) {
    value = Value::empty_map();
    value.place = {file, 1, 1};
  }
  const auto compiled = wire::Schema::compile(schema, "schema");
  BELAY_CHECK(compiled);  // shipped with the program
  if (const Findings findings = compiled->check(value); !findings.empty())
    return std::unexpected(wire::to_error(findings.front()));
  return value;
}

bool flag(const Value& map, std::string_view key, bool otherwise) {
  const Value* value = map.find(key);
  return value != nullptr && value->boolean() != nullptr ? *value->boolean() : otherwise;
}

Result<int> seconds(const Value& map, std::string_view key, int otherwise) {
  const Value* value = map.find(key);
  if (value == nullptr) return otherwise;
  return parse_duration(*value);
}

Result<std::uint64_t> bytes(const Value& map, std::string_view key, std::uint64_t otherwise) {
  const Value* value = map.find(key);
  if (value == nullptr) return otherwise;
  if (const auto* number = value->integer()) return static_cast<std::uint64_t>(*number);
  const std::string text = value->as_text().value_or("");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, text.data() + text.size());
  const unsigned shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : 30;
  return number << shift;
}

Place place_of(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr ? value->place : map.place;
}

}  // namespace belay::app
