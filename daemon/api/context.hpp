// What the API is given: the engine's door, the record, the blobs, the environments, and its limits.
//
// Plain references; daemon/app owns everything named here and keeps it alive until Server::stop has returned. All
// functions are called on the loop thread; those that return an Awaitable may take as long as they need, all others
// must return at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/engine/control.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/port/blobs.hpp"
#include "daemon/port/clock.hpp"
#include "daemon/port/journal.hpp"

namespace belay::api {

using Milliseconds = std::chrono::milliseconds;

// Everything that comes in has a bound in bytes and a bound in time (threats J-73).
struct ApiLimits {
  std::size_t header_bytes = 8192;
  std::uint64_t json_bytes = 1u << 20;
  std::uint64_t package_bytes = std::uint64_t{8} << 30;
  std::size_t upload_block = 256u << 10;  // an upload must deliver this much in each body_deadline
  Milliseconds idle_deadline{60'000};     // between two requests
  Milliseconds header_deadline{10'000};   // from a request's first byte to the end of its header
  Milliseconds body_deadline{30'000};     // for a JSON body, or one block of an upload
  Milliseconds write_deadline{30'000};    // for an answer, or one piece of a stream
  Milliseconds heartbeat{15'000};         // of a silent event stream
  Milliseconds stop_deadline{5'000};      // what requests in flight may still take when the daemon stops
  std::size_t connections = 4096;
  std::size_t connections_per_user = 2048;
  std::size_t stream_buffer = 1u << 20;    // what a slow reader of events may lag behind, in bytes
  std::size_t idempotency_entries = 1024;  // remembered answers, oldest forgotten first
  std::size_t idempotency_bytes = 16u << 20;
};

// One line of the access log. `path` is as it was sent: hostile bytes in it are the logger's to escape.
struct Access {
  std::string actor;
  std::string method;
  std::string path;
  int status = 0;
  std::int64_t milliseconds = 0;
  std::string problem;  // what went wrong, when something did
};

struct ApiContext {
  engine::Control& control;
  Journal& journal;
  Record& record;
  Blobs& blobs;
  Clock& clock;
  const std::vector<Environment>& environments;
  boost::asio::any_io_executor workers;  // a small pool for blocking disk work; never the loop thread

  // Checks an uploaded archive and takes it into the record. Gets the blob's digest and the text of its SSHSIG (empty
  // when none was sent); returns the package document of docs/api.md.
  std::function<Awaitable<Result<std::string>>(Digest archive, std::string signature)> receive;
  std::function<bool()> ready;             // false while the daemon recovers
  std::function<void(const Access&)> log;  // may be empty
  std::string version;
  std::string state_dir;
  ApiLimits limits = {};
};

}  // namespace belay::api
