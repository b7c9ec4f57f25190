// belay-ssh: the transport worker that speaks SSH with libssh2. Started by belayd; by hand only to look at host keys:
//   belay-ssh --scan HOST PORT [SECONDS]     JSON on standard output; exit status 0, 1 (error, also as JSON) or 64
//   (usage)
#include <libssh2.h>

#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "plugins/transport/runtime/fingerprint.hpp"
#include "plugins/transport/runtime/runtime.hpp"
#include "plugins/transport/ssh/filter.hpp"
#include "plugins/transport/ssh/identity.hpp"
#include "plugins/transport/ssh/login.hpp"
#include "plugins/transport/ssh/scan.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace {

namespace wp = belay::worker_protocol;
using namespace belay::worker;

class SshBackend : public Backend {
 public:
  explicit SshBackend(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  void begin(const wp::Hello& from_daemon, wp::Hello& reply) override {
    auto key = belay::ssh::PrivateKey::load(from_daemon.key_file);
    // The key was the last file it needed. Without the cage it does not use it.
    auto locked = belay::ssh::lock_down_by_default() ? belay::ssh::lock_down() : belay::Result<void>();
    if (!key || !locked) {
      const auto& error = key ? locked.error() : key.error();
      failure_ = reply.failure = wp::Failure{error.kind, error.what, error.next};
      return;
    }
    key_.emplace(std::move(*key));
    reply.key = belay::worker::fingerprint(key_->blob());
  }

  boost::asio::awaitable<OpenResult> open(const wp::Open& open, Time deadline) override {
    if (failure_) co_return std::unexpected(*failure_);
    co_return co_await belay::ssh::login(executor_, *key_, open, deadline);
  }

 private:
  boost::asio::any_io_executor executor_;
  std::optional<belay::ssh::PrivateKey> key_;
  std::optional<wp::Failure> failure_;
};

std::optional<int> number(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most) return std::nullopt;
  return value;
}

int scan(int argc, char** argv) {
  const auto port = argc >= 4 ? number(argv[3], 65535) : std::nullopt;
  const auto seconds = argc == 5 ? number(argv[4], 3600) : std::optional(10);
  wp::Open named;
  named.name = named.address = argc >= 3 ? argv[2] : "";
  named.name = "host";
  if (argc > 5 || !port || !seconds || named.address.empty() || !wp::check(named)) {
    std::fprintf(stderr, "usage: belay-ssh --scan HOST PORT [SECONDS]\n");
    return 64;
  }
  const auto result =
      belay::ssh::scan(named.address, static_cast<std::uint16_t>(*port), std::chrono::seconds(*seconds));
  nlohmann::json json{{"host", named.address}, {"port", *port}};
  if (result) {
    json["server"] = result->server;
    json["offers"] = result->offers;
    json["keys"] = nlohmann::json::array();
    for (const auto& key : result->keys) {
      json["keys"].push_back({{"type", key.type}, {"key", key.line}, {"fingerprint", key.fingerprint}});
    }
  } else {
    json["error"] = {
        {"kind", belay::to_string(result.error().kind)}, {"what", result.error().what}, {"next", result.error().next}};
  }
  std::puts(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  return result ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 2 && std::string_view(argv[1]) == "--scan") return scan(argc, argv);
  if (libssh2_init(0) != 0) return 70;
  return belay::worker::run("ssh", [](const boost::asio::any_io_executor& executor, const LogLine&) {
    return std::make_unique<SshBackend>(executor);
  });
}
