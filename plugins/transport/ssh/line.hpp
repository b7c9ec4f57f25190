// Line: what lies under one libssh2 session: its socket and its memory, both watched.
//
// - The first bytes the server sends are kept, so that a failed handshake can be explained without asking again.
// - TCP_QUICKACK is set again after each read (a delayed acknowledgement costs 40 ms per round trip).
// - Memory is counted and capped: a hostile server costs one connection, not the worker. What libssh2 forgets (1.10
// loses
//   the host key at each rekey) goes when the Line goes.
// - libssh2 has no way to tell "exit status 0" from "no exit status was sent". It frees each packet after handling it,
// so
//   the packet that carries one is recognised there; exit_status_seen() is what makes "lost" honest.
// - A server that never stops sending would keep libssh2 in one call for ever: after a turn's worth of bytes the socket
//   pretends to be dry until next_turn(). The greeting and key exchange together may not exceed the kept beginning.
// - cut() makes every further read and write fail at once: only then may a session be freed (libssh2 would otherwise
// wait
//   for the server, or leak).
// One thread. The Line must outlive its session.
#pragma once

#include <libssh2.h>

#include <cstddef>
#include <string>

#include "belay/signal.hpp"
#include "plugins/transport/runtime/ready.hpp"

namespace belay::ssh {

class Line {
 public:
  explicit Line(worker::Fd socket);
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line();

  // A session on this line, non-blocking; nullptr when memory is short.
  LIBSSH2_SESSION* make_session();
  void* allocate(std::size_t size);
  void cut();
  void next_turn() { budget_ = turn; }

  [[nodiscard]] int socket() const { return socket_.get(); }
  // The server's first bytes (at most 256 KiB), until forgotten.
  [[nodiscard]] const std::string& beginning() const { return beginning_; }
  void forget_beginning();
  [[nodiscard]] bool exit_status_seen() const { return exit_status_seen_; }
  void expect_exit_status() { exit_status_seen_ = false; }
  // The other side has ended the connection, or it broke.
  [[nodiscard]] bool ended() const { return ended_; }
  // When something last came in.
  [[nodiscard]] Signal::Time last_heard() const { return last_heard_; }

 private:
  struct Callbacks;
  // Stands before each block; all of them hang together.
  struct alignas(std::max_align_t) Block {
    std::size_t size = 0;
    Block* before = nullptr;
    Block* after = nullptr;
  };

  void release(void* data);
  void* resize(void* data, std::size_t size);
  ssize_t receive(void* buffer, std::size_t size);
  ssize_t send(const void* buffer, std::size_t size);

  static constexpr std::size_t turn = 1024 * 1024;

  worker::Fd socket_;
  std::string beginning_;
  std::size_t budget_ = turn;
  std::size_t memory_ = 0;
  Block blocks_;  // the ring's beginning, no block itself
  Signal::Time last_heard_;
  bool keep_beginning_ = true;
  bool exit_status_seen_ = false;
  bool cut_ = false;
  bool ended_ = false;
};

}  // namespace belay::ssh
