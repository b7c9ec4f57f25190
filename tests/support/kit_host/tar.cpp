#include "tests/support/kit_host/tar.hpp"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

namespace belay::test {

std::string tar_of(const std::map<std::string, std::string>& files) {
  std::string out;
  for (const auto& [name, content] : files) {
    if (name.size() > 99) throw std::invalid_argument("a name too long for a test's tar: " + name);
    std::string header(512, '\0');
    const auto put = [&header](std::size_t at, const std::string& text) {
      std::memcpy(&header[at], text.data(), text.size());
    };
    put(0, name);
    put(100, "0000600");
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", content.size()));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum) + '\0' + ' ');
    out += header + content;
    out.append((512 - content.size() % 512) % 512, '\0');
  }
  out.append(1024, '\0');
  return out;
}

}  // namespace belay::test
