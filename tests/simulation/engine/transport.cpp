#include "tests/simulation/engine/transport.hpp"

#include <fmt/format.h>

#include "tests/simulation/engine/daemon.hpp"

namespace belay::simulated {
namespace {

using port::ExecRequest;
using port::ExecResult;
template <class T>
using Awaitable = boost::asio::awaitable<T>;

constexpr Millis latency = 2;
constexpr Millis very_late = 100'000;
constexpr Millis short_away = 30'000;
constexpr Millis long_away = 400'000;
constexpr unsigned ways = 14;

ExecResult lost(const std::string& why, bool begun) {
  ExecResult out;
  out.end = ExecResult::End::lost;
  out.reason = why;
  out.begun = begun;
  return out;
}

// What of a connection outlives it: messages and answers under way.
struct Wire {
  Wire(Setting& of, Host& to) : setting(of), host(to) {}
  Setting& setting;
  Host& host;
  std::shared_ptr<Line> line = std::make_shared<Line>();
  std::string why;
  std::function<void(ExecResult)> waiting;
  int calls = 0;  // so far: the last one is the one that waits

  void cut(const std::string& reason, bool begun = true) {
    line->open = false;
    why = reason;
    if (auto done = std::exchange(waiting, {})) done(lost(reason, begun));
  }
  void answer(std::string text) {
    if (!line->open) return;
    ExecResult out;
    out.end = ExecResult::End::exited;
    out.status = 0;
    out.out = std::move(text);
    if (auto done = std::exchange(waiting, {})) done(std::move(out));
  }
};

enum class Back : std::uint8_t { whole, torn, never };

void deliver(const std::shared_ptr<Wire>& wire, Request request, Millis delay, Back back) {
  wire->setting.time.after(delay, [wire, back, request = std::move(request)]() mutable {
    if (!wire->host.reachable()) return;
    wire->host.deliver(std::move(request), [wire, back](std::string text) {
      if (back == Back::torn) text.resize(text.size() / 2);
      wire->setting.time.after(latency, [wire, back, text = std::move(text)] {
        if (back == Back::never)
          wire->cut("the connection was lost");
        else
          wire->answer(text);
      });
    });
  });
}

class SimConnection final : public port::Connection {
 public:
  SimConnection(Setting& setting, Host& host, Daemon& daemon)
      : daemon_(daemon), wire_(std::make_shared<Wire>(setting, host)) {
    wire_->line->cut = [wire = std::weak_ptr(wire_)](const std::string& why) {
      if (const auto held = wire.lock()) held->cut(why);
    };
    host.attach(wire_->line);
  }
  ~SimConnection() override { wire_->line->open = false; }

  Awaitable<ExecResult> exec(ExecRequest request) override {
    std::string bytes;
    while (request.input) {
      auto piece = co_await request.input();
      if (!piece) {
        wire_->cut(piece.error().text());
        co_return lost(piece.error().text(), true);
      }
      if (piece->empty()) break;
      bytes += *piece;
    }
    if (!wire_->line->open) co_return lost(wire_->why, false);
    Request asked = read_request(daemon_.is_install(request.command), bytes);
    const Millis deadline = request.deadline.count();
    ExecResult result =
        co_await daemon_.wait_for<ExecResult>([this, asked = std::move(asked), deadline](auto done) mutable {
          wire_->waiting = std::move(done);
          wire_->setting.time.after(deadline, [wire = wire_, call = ++wire_->calls] {
            if (!wire->waiting || wire->calls != call) return;
            wire->line->open = false;
            ExecResult late;
            late.end = ExecResult::End::timed_out;
            late.reason = wire->why = "the host did not answer in time";
            std::exchange(wire->waiting, {})(std::move(late));
          });
          send(std::move(asked));
        });
    if (request.output) request.output(port::Stream::out, std::exchange(result.out, {}));
    co_return result;
  }
  bool alive() const override { return wire_->line->open; }
  std::string why_dead() const override { return wire_->why; }
  void close() override { wire_->cut("the connection was closed"); }

 private:
  void send(Request request);

  Daemon& daemon_;
  std::shared_ptr<Wire> wire_;
};

void SimConnection::send(Request request) {
  Setting& setting = wire_->setting;
  Host& host = wire_->host;
  std::string words = request.install ? "install" : "";
  for (const std::string& word : request.words) words += (words.empty() ? "" : " ") + word;
  const unsigned how = setting.chance.ask(Site::message, daemon_.can_be_paused() ? ways : ways - 1);
  setting.note(fmt::format("{} <- {}{}", host.name(), words, how == 0 ? "" : fmt::format(" [{}]", how)));
  const auto soon = [&setting, wire = wire_](Millis delay, auto what) {
    setting.time.after(delay, [wire, what] { what(*wire); });
  };
  const auto cut = [](Wire& wire) { wire.cut("the connection was lost"); };
  switch (how) {
    case 1:  // lost before it was sent
      soon(latency, [](Wire& wire) { wire.cut("the connection was lost", false); });
      return;
    case 2:  // lost on its way
      soon(latency, cut);
      return;
    case 3:  // it arrives, and the connection ends
      deliver(wire_, std::move(request), latency, Back::whole);
      soon(2 * latency, cut);
      return;
    case 4:  // the answer is lost
      deliver(wire_, std::move(request), latency, Back::never);
      return;
    case 5:  // it arrives very late
      deliver(wire_, std::move(request), very_late, Back::whole);
      soon(latency, cut);
      return;
    case 6:  // the network is away for a while
      soon(latency, [](Wire& wire) { wire.host.partition(short_away); });
      return;
    case 7:  // it arrives, and the network is away for long
      deliver(wire_, std::move(request), latency, Back::whole);
      setting.hard = host.troubled = true;
      soon(2 * latency, [](Wire& wire) { wire.host.partition(long_away); });
      return;
    case 8:  // it arrives, and the host is never heard of again
      deliver(wire_, std::move(request), latency, Back::whole);
      setting.hard = host.troubled = true;
      soon(2 * latency, [](Wire& wire) {
        wire.host.gone = true;
        wire.host.partition(long_away);
      });
      return;
    case 9:  // the answer comes torn
      deliver(wire_, std::move(request), latency, Back::torn);
      return;
    case 10:
      return daemon_.die("before a message went out");
    case 11:
      deliver(wire_, std::move(request), latency, Back::whole);
      soon(2 * latency, [on = daemon_.handle()](Wire&) {
        if (Daemon* const daemon = on->daemon) daemon->die("with a message under way");
      });
      return;
    case 12:
      deliver(wire_, std::move(request), very_late, Back::whole);
      return daemon_.die("with a message in a buffer of the network");
    case 13:
      deliver(wire_, std::move(request), latency, Back::whole);
      soon(2 * latency, [on = daemon_.handle()](Wire&) {
        if (Daemon* const daemon = on->daemon) daemon->pause();
      });
      return;
    default:
      deliver(wire_, std::move(request), latency, Back::whole);
  }
}

}  // namespace

Awaitable<Result<std::shared_ptr<port::Connection>>> SimTransport::open(const port::HostAddress& host,
                                                                        const port::Identity& /*identity*/,
                                                                        std::chrono::milliseconds deadline) {
  Host& to = *network_.hosts.at(host.name);
  const unsigned how = setting_.chance.ask(Site::open, 3);
  co_await daemon_.wait(std::chrono::milliseconds(latency));
  if (how == 2) {
    to.other_machine = true;
    setting_.hard = to.troubled = true;
  }
  if (how == 1 || !to.reachable()) {
    co_await daemon_.wait(std::min(deadline, std::chrono::milliseconds(1000)));
    co_return fail(Kind::unreachable, to.name() + " cannot be reached", "Check the host and its network");
  }
  if (to.other_machine)
    co_return fail(Kind::refused, to.name() + " has another host key than the pinned one", "Find out why");
  co_return std::make_shared<SimConnection>(setting_, to, daemon_);
}

}  // namespace belay::simulated
