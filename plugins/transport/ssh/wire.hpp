// The few SSH encodings we read and write ourselves (RFC 4251 section 5), and lists of names.
//
// A Reader never reads beyond its bytes: once something was missing, ok() is false and all further values are empty.
// Pure; total over bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belay::ssh {

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte();
  std::uint32_t u32();
  // A length and that many bytes.
  std::string_view string();
  std::string_view raw(std::size_t size);
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

void put_u32(std::string& out, std::uint32_t value);
void put_string(std::string& out, std::string_view value);
// An unsigned big-endian number as an mpint: no leading zeros, one where the top bit is set.
void put_mpint(std::string& out, std::string_view number);

// The key's type, which is the blob's first string; empty when it has none.
std::string_view key_type(std::string_view blob);

std::vector<std::string> split(std::string_view list, char separator);
bool contains(const std::vector<std::string>& words, std::string_view word);
std::string join(const std::vector<std::string>& words, std::string_view separator);

}  // namespace belay::ssh
