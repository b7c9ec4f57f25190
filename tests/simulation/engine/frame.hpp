// Frame: both directions of docs/host-protocol.md as the host's end sees them, and the tar streams that come with them.
// For what our own daemon sends: anything else is a Violation of the protocol.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace belay::simulated {

struct Request {
  bool install = false;  // the second command: sends the kit
  std::string nonce = {};
  std::string kit = {};
  std::vector<std::string> words = {};  // the verb line
  std::string data = {};

  [[nodiscard]] std::string verb() const { return install ? "install" : words.empty() ? "" : words[0]; }
  [[nodiscard]] std::uint64_t number(std::size_t at) const;  // 0 when there is none
};
[[nodiscard]] Request read_request(bool install, std::string_view bytes);

class Reply {
 public:
  explicit Reply(std::string nonce);
  void add(std::string_view name, std::string_view bytes);
  // rc with the sentence of the section `error`; returns rc.
  int fail(int rc, std::string_view why);
  [[nodiscard]] std::string finish(int rc) const;

 private:
  std::string nonce_;
  std::string text_;
};

// Path → content of every plain file of a ustar stream.
[[nodiscard]] std::map<std::string, std::string> read_tar(std::string_view bytes);

}  // namespace belay::simulated
