#include "daemon/api/feed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace belay::api {

namespace asio = boost::asio;

// Shared with the listener, which the journal may still be calling while the Feed goes away.
struct Feed::State {
  explicit State(const asio::any_io_executor& loop) : wake(loop) {}

  static std::size_t weight(const Recorded& recorded) {
    const Event& event = recorded.event;
    return sizeof recorded + event.host.size() + event.note.size() + event.detail.size() + event.digest.size() +
           event.output.size();
  }

  std::deque<Recorded> past;
  std::deque<Recorded> live;
  std::size_t live_bytes = 0;
  bool cut = false;
  bool over = false;      // stop() was called
  bool finished = false;  // run-ended has been handed out, or had been before `after`
  asio::steady_timer wake;
};

Feed::Feed(asio::any_io_executor loop, ApiContext& context, std::string run)
    : context_(context), run_(std::move(run)), state_(std::make_shared<State>(std::move(loop))) {}

Feed::~Feed() {
  if (subscribed_) context_.journal.unsubscribe(handle_);
}

Awaitable<Result<void>> Feed::open(std::uint64_t after) {
  last_ = after;
  handle_ = context_.journal.subscribe(
      [state = state_, run = run_, limit = context_.limits.stream_buffer](const Recorded& r) {
        if (r.event.run != run || state->cut) return;
        state->live.push_back(r);
        state->live_bytes += State::weight(r);
        if (state->live_bytes > limit) {
          state->cut = true;
          state->live.clear();
        }
        state->wake.cancel();
      });
  subscribed_ = true;
  // Asked after the subscription: a run that had ended by then sends nothing live, one that had not sends run-ended.
  const auto row = co_await context_.record.run(run_);
  if (!row) {
    co_return fail(Kind::not_found, "there is no run " + run_, "`belay run list` shows the runs.");
  }
  auto past = co_await context_.journal.events(run_, after);
  state_->past.assign(std::make_move_iterator(past.begin()), std::make_move_iterator(past.end()));
  // With nothing left to tell of a run that is over, the stream ends at once.
  if (row->state != "running" && state_->past.empty()) state_->finished = true;
  co_return Result<void>{};
}

Awaitable<Feed::What> Feed::next(Recorded& out) {
  for (;;) {
    if (state_->over || state_->finished) co_return What::ended;
    if (state_->cut) co_return What::cut;
    std::deque<Recorded>& from = state_->past.empty() ? state_->live : state_->past;
    if (!from.empty()) {
      out = std::move(from.front());
      if (&from == &state_->live) state_->live_bytes -= State::weight(out);
      from.pop_front();
      if (out.seq <= last_) continue;
      last_ = out.seq;
      if (out.event.type == EventType::run_ended) state_->finished = true;
      co_return What::event;
    }
    state_->wake.expires_after(context_.limits.heartbeat);
    const auto [ec] = co_await state_->wake.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!ec && state_->live.empty() && !state_->over && !state_->cut) co_return What::silent;
  }
}

void Feed::stop() {
  state_->over = true;
  state_->wake.cancel();
}

}  // namespace belay::api
