// Requests and answers as plain values, so that handlers, their tests and the route table know nothing of Beast.
//
// A Request has already passed every limit and check of admit.hpp when a handler sees it. Loop thread only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/port/journal.hpp"

namespace belay::api {

enum class Method : std::uint8_t { get, post, put };
[[nodiscard]] std::string_view to_string(Method method);

// Who is at the other end of the Unix socket, as the kernel says (SO_PEERCRED).
struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::string actor;  // "alice (uid 1000)"; safe to show
};

// The body of an upload, piece by piece. `read` fills `into` as far as the body reaches; 0 is its end. Kind::timeout
// when the sender is too slow, Kind::io when it went away.
class BodySource {
 public:
  virtual ~BodySource() = default;
  [[nodiscard]] virtual Awaitable<Result<std::size_t>> read(std::span<char> into) = 0;
};

// The body of a streamed answer. `write` returns false when the reader is gone or too slow: the stream must end then.
class Sink {
 public:
  virtual ~Sink() = default;
  [[nodiscard]] virtual Awaitable<bool> write(std::string piece) = 0;
  // The stream breaks off here: the connection ends without the stream's end, so that the reader knows to come back.
  virtual void break_off() = 0;
  // `wake` is called (once at most, on the loop thread) when the daemon stops; an empty function takes it back.
  virtual void on_stop(std::function<void()> wake) = 0;
  [[nodiscard]] virtual bool stopping() const = 0;
};

struct Request {
  Method method = Method::get;
  std::string path;                           // decoded
  std::map<std::string, std::string> params;  // `{name}` parts of the route
  std::map<std::string, std::string> query;   // only what the route declares
  nlohmann::json json;                        // an object of declared fields of the declared types
  std::string body;                           // the bytes `json` was read from
  BodySource* upload = nullptr;               // for routes that take a stream
  std::uint64_t upload_bytes = 0;             // its announced size
  std::string idempotency_key;
  std::string last_event_id;
  std::string signature;  // Belay-Signature, still base64
  std::string if_none_match;
  Peer peer;

  // The named part or query value; empty when it was not given.
  [[nodiscard]] const std::string& param(const std::string& name) const;
  [[nodiscard]] const std::string& arg(const std::string& name) const;
  // A text member of the JSON body; empty when it was not given.
  [[nodiscard]] std::string text(const std::string& name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::function<Awaitable<void>(Sink&)> stream;  // when set, `body` is not used
  std::string problem;                           // for the access log
};

}  // namespace belay::api
