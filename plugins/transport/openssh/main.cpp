// belay-openssh: the transport worker that lets the system's ssh do the talking, for hosts libssh2 cannot talk to and
// for what ssh_config solves already: certificates, jump hosts, GSSAPI, FIDO keys.
//
// Per login one `ssh -M -N` keeps the connection, and each command is one `ssh` over its control socket. Both are
// children of this process and die with it.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "daemon/base/escape.hpp"
#include "plugins/transport/openssh/arguments.hpp"
#include "plugins/transport/openssh/explain.hpp"
#include "plugins/transport/openssh/master_log.hpp"
#include "plugins/transport/runtime/child.hpp"
#include "plugins/transport/runtime/runtime.hpp"

namespace {

namespace wp = belay::worker_protocol;
using namespace belay::worker;
using belay::Kind;
using belay::Signal;
using belay::openssh::MasterLog;
using boost::asio::awaitable;
using End = wp::Exit::End;

class OpensshSession : public Session {
 public:
  OpensshSession(boost::asio::any_io_executor executor, wp::Open open, std::uint32_t number,
                 std::unique_ptr<Child> master)
      : executor_(std::move(executor)),
        open_(std::move(open)),
        number_(number),
        master_(std::move(master)),
        log_(std::make_shared<MasterLog>(executor_, master_->err.fd.get(), belay::openssh::control_socket(number_))) {
    log_->watch();
  }
  ~OpensshSession() override { log_->stop(); }

  wp::Opened opened() const override { return {belay::show(log_->server()), belay::show(log_->host_key())}; }

  // Until ssh has logged in; what it said instead otherwise.
  awaitable<std::optional<wp::Failure>> login(Time deadline) {
    Signal news(executor_);
    log_->notify(&news);
    while (!log_->ready() && !master_->ended()) {
      master_->arm_end(news);
      if (!co_await news.wait(deadline)) break;
    }
    log_->drain();
    log_->notify(nullptr);
    master_->forget_end();
    if (log_->ready()) co_return std::nullopt;
    if (!master_->ended()) {
      co_return wp::Failure{Kind::timeout, open_.name + " did not let ssh log in in time",
                            "Check that the host is up, and what stands between it and here."};
    }
    co_return belay::openssh::explain(open_, log_->messages(), log_->host_key());
  }

  awaitable<std::optional<std::string>> idle(Signal& wake) override {
    if (!master_->ended()) {
      master_->arm_end(wake);
      co_await wake.wait(Time::max());
      master_->forget_end();
    }
    if (master_->ended()) co_return broke();
    co_return std::nullopt;
  }

  awaitable<wp::Exit> exec(Command& command) override {
    log_->drain();
    log_->expect_exit();
    auto child = Child::start(executor_, belay::openssh::command_arguments(open_, number_, command.text()));
    if (!child) co_return wp::Exit{End::lost, -1, "", child.error().what};
    wp::Exit exit = co_await pump(**child, command);
    log_->drain();
    if (exit.end == End::signalled)
      co_return wp::Exit{End::lost, -1, "", "The ssh that carried the command was killed."};
    if (exit.end != End::exited || log_->exit_status_seen()) co_return exit;
    if (log_->exit_signal_seen()) {
      co_return wp::Exit{End::signalled, -1, "?", "A signal ended the command; ssh does not say which."};
    }
    if (master_->ended()) co_return wp::Exit{End::lost, -1, "", broke()};
    co_return wp::Exit{End::lost, -1, "",
                       open_.name +
                           " refused to run the command, or did not say how it ended (look for MaxSessions, "
                           "ForceCommand or a restricted account there)."};
  }

 private:
  std::string broke() {
    log_->drain();
    auto failure = belay::openssh::explain(open_, log_->messages(), log_->host_key());
    return "The connection to " + open_.name + " broke: " + failure.what + ".";
  }

  boost::asio::any_io_executor executor_;
  wp::Open open_;
  std::uint32_t number_;
  std::unique_ptr<Child> master_;
  std::shared_ptr<MasterLog> log_;
};

class OpensshBackend : public Backend {
 public:
  explicit OpensshBackend(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}

  void begin(const wp::Hello& from_daemon, wp::Hello& reply) override {
    key_file_ = from_daemon.key_file;
    // ssh would replace ${…} in it, and read a relative name from a directory that is not the daemon's.
    const bool plain = key_file_.find_first_of("${}\"\n") == std::string::npos;
    if (!key_file_.empty() && (!key_file_.starts_with('/') || !plain)) {
      reply.failure = wp::Failure{Kind::invalid, "the key " + belay::show(key_file_) + " has no plain absolute path",
                                  "Give the identity's key by an absolute path without $, braces or quotes."};
    } else if (chdir(from_daemon.scratch.c_str()) != 0) {
      reply.failure = wp::Failure{Kind::io, "belay-openssh has no private directory to work in",
                                  "Give belayd a scratch directory it may write to."};
    }
    failure_ = reply.failure;
  }

  awaitable<OpenResult> open(const wp::Open& open, Time deadline) override {
    if (failure_) co_return std::unexpected(*failure_);
    if (open.host_keys.empty() && open.ssh_config.empty()) {
      co_return std::unexpected(
          wp::Failure{Kind::refused, open.name + " has no pinned host key, and none is taken on trust",
                      "Fetch it with `belay host scan-key`, compare its fingerprint out of band, and pin it."});
    }
    const std::uint32_t number = ++last_;
    if (!write_known_hosts(open, number)) {
      co_return std::unexpected(wp::Failure{Kind::io, "belay-openssh cannot write its known_hosts file",
                                            "Look at the space in the daemon's scratch directory."});
    }
    const auto patience = std::chrono::ceil<std::chrono::seconds>(deadline - std::chrono::steady_clock::now());
    auto master = Child::start(executor_, belay::openssh::master_arguments(open, key_file_, number, patience));
    if (!master) co_return std::unexpected(wp::Failure{Kind::io, master.error().what, ""});
    (*master)->in.close();
    auto session = std::make_unique<OpensshSession>(executor_, open, number, std::move(*master));
    if (auto failure = co_await session->login(deadline)) co_return std::unexpected(std::move(*failure));
    co_return session;
  }

 private:
  static bool write_known_hosts(const wp::Open& open, std::uint32_t number) {
    std::ofstream out("k" + std::to_string(number), std::ios::trunc);
    out << belay::openssh::known_hosts(open);
    out.close();
    return out.good();
  }

  boost::asio::any_io_executor executor_;
  std::string key_file_;
  std::optional<wp::Failure> failure_;
  std::uint32_t last_ = 0;
};

}  // namespace

int main() {
  return belay::worker::run("openssh", [](const boost::asio::any_io_executor& executor, const LogLine&) {
    return std::make_unique<OpensshBackend>(executor);
  });
}
