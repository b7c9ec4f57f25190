// The worker protocol: what the daemon and a transport worker say to each other over the socket that is the worker's
// file descriptor 3. docs/worker-protocol.md tells the story; this header is the rule.
//
// A frame is  u32 length | u8 type | u32 connection | u32 exec | payload,  numbers big-endian, `length` counting all
// that follows it (9 … max_frame - 4). Control payloads are JSON objects; data is raw. Frames with another length, an
// unknown type or a payload that is not what its type says are malformed: whoever receives one ends the link (the
// daemon kills the worker, the worker exits) and every connection on it is lost. Both sides check all they read.
//
// All functions are pure and total over bytes; a Decoder belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::worker_protocol {

inline constexpr int version = 1;
inline constexpr std::size_t max_frame = 1024 * 1024;
inline constexpr std::size_t header_size = 13;
// The most a data frame carries, and the credit each side grants for one command: memory per command is bounded by it.
inline constexpr std::size_t max_data = 64 * 1024;
inline constexpr std::uint32_t window = 512 * 1024;
inline constexpr std::size_t max_connections = 64;

// Direction: > to the worker, < to the daemon, <> both.
enum class Type : std::uint8_t {
  hello = 1,    // <> first frame of each side; connection 0
  open,         // >  Open; `connection` is a number never used before on this link
  opened,       // <  Opened
  open_failed,  // <  Failure; the number is spent
  exec,         // >  Exec; `exec` counts up; only when no other command runs on the connection
  data,         // <> raw: standard input, or standard output; never more than the credit granted
  data_err,     // <  raw: standard error
  eof,          // >  standard input ends
  credit,       // <> u32: so many more bytes of data may be sent for this command
  exit,         // <  Exit; after all output. After lost or timed_out the connection is gone as well
  close,        // >  ends the connection, whatever runs on it
  lost,         // <  Lost: the connection is gone
  log,          // <  Log; connection 0 when it is about the worker
  ping,         // <> answered by pong
  pong,         // <>
};

struct Frame {
  Type type = Type::ping;
  std::uint32_t connection = 0;
  std::uint32_t exec = 0;
  std::string payload;
};

// The bytes of a frame. The payload must fit (a check, not an error: our own side made it).
[[nodiscard]] std::string encode(const Frame& frame);
[[nodiscard]] std::string encode_credit(std::uint32_t bytes);
// Kind::invalid unless the payload is four bytes and not zero.
[[nodiscard]] Result<std::uint32_t> parse_credit(std::string_view payload);

// Cuts a byte stream into frames.
class Decoder {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame, nothing when more bytes are needed, Kind::invalid once the stream is malformed.
  [[nodiscard]] Result<std::optional<Frame>> next();

 private:
  std::string buffer_;
  std::size_t used_ = 0;
};

struct Failure {
  Kind kind = Kind::internal;
  std::string what;  // one sentence
  std::string next;  // one sentence: what to do

  [[nodiscard]] Error error() const { return Error{kind, what, next, std::nullopt}; }
};

struct Hello {
  int version = worker_protocol::version;
  std::string transport;           // < ssh | openssh | local
  std::string key_file;            // > path of the identity's private key; empty: none
  std::string scratch;             // > a private directory for the worker; the daemon removes it afterwards
  std::string key;                 // < "SHA256:…" of the identity's public key; may be empty
  std::optional<Failure> failure;  // < the worker cannot work (the key, mostly): every open would fail with this
};

struct Open {
  std::string name;                    // for messages
  std::string address;                 // as the inventory says
  std::vector<std::string> addresses;  // resolved, numeric; for transports that connect themselves
  std::uint16_t port = 22;
  std::string user;
  std::vector<std::string> host_keys;
  std::string ssh_config;
  std::int64_t keepalive_ms = 15'000;  // ask a silent server so often (2 s at least); silence of three times that: lost
  std::int64_t deadline_ms = 0;
};

struct Opened {
  std::string server;    // the server's banner, escaped
  std::string host_key;  // "SHA256:…" of the key it showed; may be empty
};

struct Exec {
  std::string command;
  std::int64_t deadline_ms = 0;
  std::uint32_t credit = window;  // for output, both streams together
};

struct Exit {
  enum class End : std::uint8_t { exited, signalled, lost, timed_out };
  End end = End::lost;
  int status = -1;
  std::string signal;  // without SIG; "?" when the transport cannot tell
  std::string reason;
};

struct Lost {
  std::string reason;
};

struct Log {
  std::string level;  // debug | info | warning | error
  std::string text;   // one line, escaped by the sender; the receiver does not rely on it
};

// Control payloads. Bytes that are not UTF-8 are replaced; unknown members are ignored, so that a version can grow.
[[nodiscard]] std::string to_json(const Hello& value);
[[nodiscard]] std::string to_json(const Open& value);
[[nodiscard]] std::string to_json(const Opened& value);
[[nodiscard]] std::string to_json(const Failure& value);
[[nodiscard]] std::string to_json(const Exec& value);
[[nodiscard]] std::string to_json(const Exit& value);
[[nodiscard]] std::string to_json(const Lost& value);
[[nodiscard]] std::string to_json(const Log& value);

// Kind::invalid for anything that is not the JSON object of a T.
template <class T>
[[nodiscard]] Result<T> parse(std::string_view json);
template <>
Result<Hello> parse(std::string_view json);
template <>
Result<Open> parse(std::string_view json);
template <>
Result<Opened> parse(std::string_view json);
template <>
Result<Failure> parse(std::string_view json);
template <>
Result<Exec> parse(std::string_view json);
template <>
Result<Exit> parse(std::string_view json);
template <>
Result<Lost> parse(std::string_view json);
template <>
Result<Log> parse(std::string_view json);

// Whether these values may become arguments of a program at all (threats H-62): no leading '-', no blanks, quotes,
// control characters or '%' expansions in names, users and addresses, absolute ssh_config, well-formed host keys.
// Kind::invalid with a sentence that names the host and the field.
[[nodiscard]] Result<void> check(const Open& open);

}  // namespace belay::worker_protocol
