// Transport: the one way from the engine to a host. A Connection executes constant commands; everything that varies
// goes through standard input (threats H-61), and an outcome is what is known, never what is hoped.
//
// Success: ExecResult::End::exited with a status; even then callers trust the leash's own end line, not status 0.
// Failure: End::lost and End::timed_out mean "outcome unknown": the command may still be running, or have done
// everything or nothing. After either of the two the connection is gone (alive() is false): open a new one and ask the
// leash. Errors of open(): unreachable (refused, no route, worker gone), timeout, refused (key or host key not
// accepted, or an algorithm the transport does not speak), invalid (the address is not one); each says what to do next.
// Threads: everything runs on the loop thread; awaitables must be awaited there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::port {

// Where a host is and how it is recognised. Nothing here is ever read as an option or a shell word.
struct HostAddress {
  std::string name;         // the inventory's name; used in messages (and as ssh's destination with ssh_config)
  std::string address;      // name or numeric address to connect to
  std::uint16_t port = 22;  // 0: left to ssh_config (openssh only)
  std::string user;         // account on the host
  std::vector<std::string> host_keys;  // pinned, "ssh-ed25519 AAAA…"; "cert-authority ssh-ed25519 AAAA…" (openssh only)
  std::string transport = "ssh";       // ssh | openssh | local
  std::string ssh_config;              // absolute path of an ssh_config(5), openssh only; empty: none is read
};

// The release manager's key of one environment. The path goes to the worker alone; the daemon never opens the file.
struct Identity {
  std::filesystem::path key_file;  // private key without passphrase (systemd credentials encrypt it at rest)
};

enum class Stream : std::uint8_t { out, err };

struct ExecRequest {
  // Constant text of ours. Never put a value into it.
  std::string command;
  // Where standard input comes from: awaited for the next piece when there is room for it, an empty piece ends the
  // input. No function: empty input. An Error ends the connection and the result is `lost` with the error's text.
  // Pieces of 64–256 KiB are best. It must come back in bounded time by itself; exec() never returns while a call is
  // under way.
  std::function<boost::asio::awaitable<Result<std::string>>()> input;
  // Where output goes, in order per stream. No function: collected in ExecResult::out and ::err. It may
  // close the connection, and must not throw.
  std::function<void(Stream, std::string_view)> output;
  // At most so many bytes per stream are handed on; what is beyond is read, dropped, and noted in
  // ExecResult::truncated.
  std::size_t output_limit = 1024 * 1024;
  // From the moment it is this command's turn on the connection until its end.
  std::chrono::milliseconds deadline{60'000};
};

struct ExecResult {
  enum class End : std::uint8_t {
    exited,     // it ended by itself: `status`
    signalled,  // a signal ended it: `signal`
    lost,       // outcome unknown: connection, worker or input broke: `reason`
    timed_out,  // outcome unknown: the deadline passed: `reason`
  };
  End end = End::lost;
  int status = -1;     // exit status 0…255 when exited
  std::string signal;  // "KILL", "TERM" … when signalled; "?" when the transport cannot tell which
  std::string out;     // collected output; empty when a sink was given
  std::string err;
  bool truncated = false;  // some output was dropped for output_limit
  bool begun = true;       // false: certainly no byte of it reached the host (it was lost before it was sent)
  std::string reason;      // one sentence for people, set for everything but exited

  [[nodiscard]] bool known() const { return end == End::exited || end == End::signalled; }
  [[nodiscard]] bool ok() const { return end == End::exited && status == 0; }
};

constexpr std::string_view to_string(ExecResult::End end) {
  switch (end) {
    case ExecResult::End::exited:
      return "exited";
    case ExecResult::End::signalled:
      return "signalled";
    case ExecResult::End::lost:
      return "lost";
    case ExecResult::End::timed_out:
      return "timed out";
  }
  return "lost";
}

// One login on one host. Commands run one at a time, in the order they were asked for; for two at once open two
// connections. Destroying or closing it loses what runs on it; the worker hears of it.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  // Always comes back: at the latest shortly after `deadline` (and what went before it in the queue). The caller keeps
  // the connection alive meanwhile. A cancelled exec() closes the connection.
  virtual boost::asio::awaitable<ExecResult> exec(ExecRequest request) = 0;
  // False once nothing can be executed any more.
  [[nodiscard]] virtual bool alive() const = 0;
  // Why it is not alive; empty while it is.
  [[nodiscard]] virtual std::string why_dead() const = 0;
  // Idempotent; what is running is reported lost.
  virtual void close() = 0;
};

// Opens connections. One Transport belongs to one run and one environment.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual boost::asio::awaitable<Result<std::shared_ptr<Connection>>> open(const HostAddress& host,
                                                                           const Identity& identity,
                                                                           std::chrono::milliseconds deadline) = 0;
};

}  // namespace belay::port
