// What the API may ask of the engine. Every call writes state and returns; the work itself goes on behind it.
//
// All calls come from the loop thread. Documents are canonical JSON text whose shapes docs/api.md lists; the engine
// makes them so that the API stays a thin door.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/model/record.hpp"
#include "daemon/port/journal.hpp"

namespace belay::engine {

struct StartRequest {
  RunKind kind = RunKind::deploy;
  std::string environment = {};
  std::string package = {};      // hex digest; deploy and rehearse
  std::string application = {};  // rollback: the newest finished deployment of it …
  std::string of = {};           // … or this run
  std::string actor = {};        // who asks, from the connection's credentials
  std::string reason = {};
  // When the client gave an Idempotency-Key: a digest of who asked with which key, and one of what was asked for.
  std::optional<Digest> key = {};
  Digest asked = {};
};

// What is to become of a host's boot hook (docs/host-protocol.md).
enum class GuardVerb : std::uint8_t { install, remove, show };
[[nodiscard]] constexpr std::string_view to_string(GuardVerb verb) {
  switch (verb) {
    case GuardVerb::install:
      return "install";
    case GuardVerb::remove:
      return "remove";
    case GuardVerb::show:
      return "show";
  }
  return "?";
}

class Control {
 public:
  virtual ~Control() = default;

  // The id of the new run, once the journal has it; of the old one when it was asked for before with the same key, also
  // of an earlier daemon (Kind::conflict when something else was asked for with that key). Kind::refused with the rule
  // and the way out; Kind::conflict when the application is already being worked on there.
  [[nodiscard]] virtual Awaitable<Result<std::string>> start(StartRequest request) = 0;
  // Stop going forward and go back; a run that already goes back, or has ended, is left alone (Kind::conflict).
  [[nodiscard]] virtual Awaitable<Result<void>> abort(std::string run, std::string actor, std::string reason) = 0;
  // What each step would do on each host. Changes nothing but the kit cache on the hosts.
  [[nodiscard]] virtual Awaitable<Result<std::string>> plan(std::string package, std::string environment) = 0;
  // A run with its hosts and steps, folded from the journal.
  [[nodiscard]] virtual Awaitable<Result<std::string>> view(std::string run) = 0;
  // The rollback proof of a run: per host and step the digests of both manifests and every difference.
  [[nodiscard]] virtual Awaitable<Result<std::string>> proof(std::string run) = 0;
  // Reachability, host keys, tools, guarantee class, free space of every host of an environment.
  [[nodiscard]] virtual Awaitable<Result<std::string>> check(std::string environment) = 0;
  // Installs a host's boot hook, removes it, or looks for it, and says what stands there then. It belongs to the host's
  // owner and not to a run: nothing is fenced, and a run that is under way there is not disturbed (Kind::conflict while
  // the host is busy). Kind::io with the host's own sentence when it cannot have one.
  [[nodiscard]] virtual Awaitable<Result<std::string>> guard(std::string host, GuardVerb verb, std::string actor) = 0;
  // Drift of an application's hosts from their baseline, or (with `against`) from another environment's.
  [[nodiscard]] virtual Awaitable<Result<std::string>> drift(std::string application, std::string environment,
                                                             std::string against) = 0;
};

}  // namespace belay::engine
