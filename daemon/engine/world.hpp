// Everything the engine needs of the world, handed in by the wiring in daemon/app: tests hand in fakes.
//
// References must outlive the engine. Loop thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/model/contents.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/port/blobs.hpp"
#include "daemon/port/clock.hpp"
#include "daemon/port/journal.hpp"
#include "daemon/port/transport.hpp"
#include "daemon/port/vault.hpp"

namespace belay::engine {

struct World {
  boost::asio::any_io_executor executor;
  Journal& journal;
  Record& record;
  Blobs& blobs;
  Vault& vault;
  const Clock& clock;
  const plugin::Catalogue& catalogue;
  const std::vector<Environment>& environments;
  // A transport for one run in one environment.
  std::function<std::unique_ptr<port::Transport>(const Environment&)> transport;
  // The hosts of the record, decoded.
  std::function<Awaitable<std::vector<Host>>()> hosts;
  // What a received package holds. Kind::not_found when it never came.
  std::function<Awaitable<Result<PackageContents>>(const std::string& digest)> contents;
  // Who signed a package, by the environment's own list of signers. Kind::refused, in a sentence, when nobody there
  // did.
  std::function<Awaitable<Result<std::string>>(const std::string& digest, const Environment& environment)> signer;
  // An http check made from here. The sentence says what was seen last.
  std::function<Awaitable<Result<void>>(const ParamFiles& params)> http_check;

  [[nodiscard]] const Environment* environment(const std::string& name) const;
};

}  // namespace belay::engine
