// A worker that is told what to say: "<argv[0]>.script" holds lines `TYPE HEX`; each frame of that type which comes in
// is answered with those bytes, line by line in order. With no line left for it, a frame is ignored. Type 0 is said at
// once.
#include <unistd.h>

#include <fstream>
#include <map>
#include <queue>
#include <string>

#include "belay/worker_protocol.hpp"

namespace {

std::string unhex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

bool say(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto size = write(3, bytes.data() + sent, bytes.size() - sent);
    if (size <= 0) return false;
    sent += static_cast<std::size_t>(size);
  }
  return true;
}

}  // namespace

int main(int, char** argv) {
  std::map<int, std::queue<std::string>> answers;
  std::ifstream script(std::string(argv[0]) + ".script");
  int type = 0;
  for (std::string hex; script >> type >> hex;) answers[type].push(unhex(hex));
  const auto answer = [&](int to) {
    auto& queue = answers[to];
    if (queue.empty()) return true;
    const std::string bytes = queue.front();
    queue.pop();
    return say(bytes);
  };
  if (!answer(0)) return 1;
  belay::worker_protocol::Decoder decoder;
  char buffer[65536];
  for (;;) {
    const auto size = read(3, buffer, sizeof buffer);
    if (size <= 0) return 0;
    decoder.feed(std::string_view(buffer, static_cast<std::size_t>(size)));
    for (;;) {
      const auto frame = decoder.next();
      if (!frame) return 2;
      if (!*frame) break;
      if (!answer(static_cast<int>((*frame)->type))) return 1;
    }
  }
}
