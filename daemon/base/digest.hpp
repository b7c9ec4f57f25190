// SHA-256 digests: the names of packages, plans, blobs and plugins.
//
// A Digest is a plain 32-byte value. Hashing is done by OpenSSL; an Hasher belongs to one thread at a time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;
  // 64 lower-case hex digits.
  [[nodiscard]] std::string hex() const;
  // The first 12 hex digits, for people.
  [[nodiscard]] std::string brief() const { return hex().substr(0, 12); }
  [[nodiscard]] bool empty() const { return *this == Digest{}; }

  // Exactly 64 lower-case hex digits, otherwise Kind::invalid.
  static Result<Digest> parse(std::string_view hex);
};

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void update(std::string_view data);
  // Ends the hash; the Hasher may not be used again.
  [[nodiscard]] Digest finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

[[nodiscard]] Digest sha256(std::string_view data);

// Reads the whole file in pieces. Kind::io when it cannot be read.
[[nodiscard]] Result<Digest> sha256_file(const std::filesystem::path& path);

}  // namespace belay

template <>
struct std::hash<belay::Digest> {
  std::size_t operator()(const belay::Digest& digest) const noexcept {
    std::size_t value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value = (value << 8) | digest.bytes[i];
    return value;
  }
};
