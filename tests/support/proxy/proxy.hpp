// Proxy: a TCP proxy on loopback that misbehaves on demand, in a thread of its own. The server may be elsewhere.
//
// Faults count bytes from when they were set, over all connections, in one direction. They may be set at any time, from
// the test's thread; connections that exist are affected as well.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace belay::test {

struct Fault {
  enum class Kind : std::uint8_t {
    none,
    stall,      // forward nothing any more, in either direction, keep the connection
    fin,        // end both sides politely
    rst,        // reset both sides
    blackhole,  // accept, and never talk to the server at all
    dribble,    // one byte at a time
    delay,      // every piece is late by `late`
  };
  enum class Direction : std::uint8_t { to_server, to_client };

  Kind kind = Kind::none;
  Direction direction = Direction::to_client;
  std::uint64_t after = 0;  // bytes that still pass unharmed
  std::chrono::milliseconds late{0};
};

class Proxy {
 public:
  explicit Proxy(std::uint16_t server_port, const std::string& server_address = "127.0.0.1");
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy();

  [[nodiscard]] std::uint16_t port() const;
  void set(Fault fault);
  // Bytes forwarded so far.
  [[nodiscard]] std::uint64_t forwarded(Fault::Direction direction) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace belay::test
