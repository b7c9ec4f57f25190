#include "tests/simulation/engine/frame.hpp"

#include <fmt/format.h>

#include <charconv>

#include "tests/simulation/engine/setting.hpp"

namespace belay::simulated {
namespace {

std::string take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) throw Violation("protocol: a call ends in its header");
  std::string out(bytes.substr(0, end));
  bytes.remove_prefix(end + 1);
  return out;
}

std::string text_at(std::string_view block, std::size_t at, std::size_t size) {
  const std::string_view field = block.substr(at, size);
  return std::string(field.substr(0, field.find('\0')));
}

}  // namespace

std::uint64_t Request::number(std::size_t at) const {
  std::uint64_t out = 0;
  if (at < words.size()) std::from_chars(words[at].data(), words[at].data() + words[at].size(), out);
  return out;
}

Request read_request(bool install, std::string_view bytes) {
  Request out{.install = install};
  out.nonce = take_line(bytes);
  take_line(bytes);  // the base: there is one
  out.kit = take_line(bytes);
  if (!install) {
    const std::string line = take_line(bytes);
    std::string_view rest = line;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      out.words.emplace_back(word);
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
  }
  out.data = bytes;
  return out;
}

Reply::Reply(std::string nonce) : nonce_(std::move(nonce)), text_(fmt::format("\001belay {} begin\n", nonce_)) {}

void Reply::add(std::string_view name, std::string_view bytes) {
  text_ += fmt::format("\001{} {}\n", name, bytes.size());
  text_ += bytes;
  text_ += '\n';
}

int Reply::fail(int rc, std::string_view why) {
  add("error", why);
  return rc;
}

std::string Reply::finish(int rc) const { return text_ + fmt::format("\001belay {} end {}\n", nonce_, rc); }

std::map<std::string, std::string> read_tar(std::string_view bytes) {
  constexpr std::size_t block = 512;
  std::map<std::string, std::string> out;
  while (bytes.size() >= block && bytes[0] != '\0') {
    const std::string_view header = bytes.substr(0, block);
    std::string path = text_at(header, 0, 100);
    if (const std::string prefix = text_at(header, 345, 155); !prefix.empty()) path = prefix + '/' + path;
    const std::string octal = text_at(header, 124, 12);
    std::size_t size = 0;
    std::from_chars(octal.data(), octal.data() + octal.size(), size, 8);
    const std::size_t padded = (size + block - 1) / block * block;
    if (bytes.size() < block + padded) throw Violation("protocol: a tar stream ends in the middle");
    if (header[156] == '0' || header[156] == '\0') out[path] = bytes.substr(block, size);
    bytes.remove_prefix(block + padded);
  }
  return out;
}

}  // namespace belay::simulated
