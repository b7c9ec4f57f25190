#include "plugins/transport/ssh/line.hpp"

#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string_view>

namespace belay::ssh {

namespace {

constexpr std::size_t most_memory = 24 * 1024 * 1024;
constexpr std::size_t most_beginning = 256 * 1024;
// byte SSH_MSG_CHANNEL_REQUEST, u32 channel, string "exit-status", boolean, u32 status (RFC 4254 section 6.10)
bool is_exit_status(const void* block, std::size_t size) {
  constexpr std::string_view name(
      "\0\0\0\x0b"
      "exit-status",
      15);
  constexpr char channel_request = 98;
  const auto* bytes = static_cast<const char*>(block);
  return size >= 25 && bytes[0] == channel_request && std::string_view(bytes + 5, name.size()) == name;
}

}  // namespace

// libssh2 hands `abstract` to every callback; it points at the session's copy of our pointer.
struct Line::Callbacks {
  static Line& of(void** abstract) { return *static_cast<Line*>(*abstract); }
  static void* allocate(std::size_t size, void** abstract) { return of(abstract).allocate(size); }
  static void release(void* block, void** abstract) { of(abstract).release(block); }
  static void* resize(void* block, std::size_t size, void** abstract) { return of(abstract).resize(block, size); }
  static ssize_t receive(libssh2_socket_t, void* buffer, std::size_t size, int, void** abstract) {
    return of(abstract).receive(buffer, size);
  }
  static ssize_t send(libssh2_socket_t, const void* buffer, std::size_t size, int, void** abstract) {
    return of(abstract).send(buffer, size);
  }
};

Line::Line(worker::Fd socket) : socket_(std::move(socket)), last_heard_(std::chrono::steady_clock::now()) {
  blocks_.before = blocks_.after = &blocks_;
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Line::~Line() {
  while (blocks_.after != &blocks_) release(blocks_.after + 1);
}

LIBSSH2_SESSION* Line::make_session() {
  LIBSSH2_SESSION* session =
      libssh2_session_init_ex(Callbacks::allocate, Callbacks::release, Callbacks::resize, static_cast<void*>(this));
  if (session == nullptr) return nullptr;
  libssh2_session_set_blocking(session, 0);
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, reinterpret_cast<void*>(&Callbacks::receive));
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, reinterpret_cast<void*>(&Callbacks::send));
  return session;
}

void* Line::allocate(std::size_t size) {
  if (size > most_memory || memory_ + size > most_memory) return nullptr;
  void* raw = std::malloc(sizeof(Block) + size);
  if (raw == nullptr) return nullptr;
  auto* block = new (raw) Block{size, &blocks_, blocks_.after};
  block->after->before = block;
  blocks_.after = block;
  memory_ += size;
  return block + 1;
}

void Line::release(void* data) {
  if (data == nullptr) return;
  Block* block = static_cast<Block*>(data) - 1;
  if (is_exit_status(data, block->size)) exit_status_seen_ = true;
  block->before->after = block->after;
  block->after->before = block->before;
  memory_ -= block->size;
  std::free(block);
}

void* Line::resize(void* data, std::size_t size) {
  if (data == nullptr) return allocate(size);
  void* moved = allocate(size);
  if (moved == nullptr) return nullptr;
  memcpy(moved, data, std::min(size, (static_cast<Block*>(data) - 1)->size));
  release(data);
  return moved;
}

void Line::cut() {
  cut_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
}

void Line::forget_beginning() {
  keep_beginning_ = false;
  beginning_ = {};
}

ssize_t Line::receive(void* buffer, std::size_t size) {
  if (cut_) return -ECONNRESET;
  if (budget_ == 0) return -EAGAIN;
  if (keep_beginning_ && beginning_.size() >= most_beginning) return -ECONNABORTED;
  const ssize_t got = recv(socket_.get(), buffer, std::min(size, budget_), 0);
  if (got < 0) {
    ended_ = ended_ || (errno != EAGAIN && errno != EINTR);
    return -errno;
  }
  if (got == 0) {
    ended_ = true;
    return 0;
  }
  budget_ -= static_cast<std::size_t>(got);
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  last_heard_ = std::chrono::steady_clock::now();
  if (keep_beginning_) beginning_.append(static_cast<const char*>(buffer), static_cast<std::size_t>(got));
  return got;
}

ssize_t Line::send(const void* buffer, std::size_t size) {
  if (cut_) return -ECONNRESET;
  const ssize_t sent = ::send(socket_.get(), buffer, size, MSG_NOSIGNAL);
  return sent < 0 ? -errno : sent;
}

}  // namespace belay::ssh
