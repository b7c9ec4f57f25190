// Client: the daemon's HTTP API over its Unix socket, by libcurl.
//
// Success: the JSON document of the answer. Failure: the daemon's own problem as an Error (with its kind and next
// step), or, when nobody answers, Kind::unreachable with away() set: then it was the daemon, not a host. POSTs carry an
// Idempotency-Key and are tried once more when the connection broke under them. One thread; calls block, but notice an
// interrupt (io.hpp) within a fraction of a second: Kind::cancelled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::cli {

using Json = nlohmann::ordered_json;

class Client {
 public:
  explicit Client(std::string socket);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] Result<Json> get(const std::string& path);
  [[nodiscard]] Result<Json> post(const std::string& path, const Json& body);
  [[nodiscard]] Result<Json> put(const std::string& path, const Json& body);

  // Sends a file as the body; `progress` is told how many bytes went out.
  [[nodiscard]] Result<Json> upload(const std::string& path, const std::filesystem::path& file,
                                    const std::string& signature,
                                    const std::function<void(std::uint64_t)>& progress = {});

  // Hands over the body of a GET as it comes, until it ends, `on_data` or `on_tick` (a few times a second) says false,
  // or the connection breaks (away() is set then).
  [[nodiscard]] Result<void> stream(const std::string& path, std::uint64_t last_event_id,
                                    const std::function<bool(std::string_view)>& on_data,
                                    const std::function<bool()>& on_tick);

  // True when the last call failed because nobody answered on the socket, or the answer broke off.
  [[nodiscard]] bool away() const { return away_; }
  [[nodiscard]] const std::string& socket() const { return socket_; }

 private:
  struct Exchange;
  Result<Json> send(Exchange& exchange);
  Result<void> run(Exchange& exchange);

  std::string socket_;
  bool away_ = false;
};

// "?a=1&b=2" of the values that are not empty.
[[nodiscard]] std::string query_of(const std::vector<std::pair<std::string, std::string>>& values);
// One part of a path, percent-encoded.
[[nodiscard]] std::string part(std::string_view text);

// "not-found" → Kind::not_found, as problems and the transports write kinds; Kind::internal for a name nobody uses.
[[nodiscard]] Kind kind_named(std::string_view name);

// The exit code of a command that failed: refused by policy 5, hosts unreachable 4, all else 1 (docs/interface.md).
[[nodiscard]] int exit_code(const Error& error, bool daemon_away);

}  // namespace belay::cli
