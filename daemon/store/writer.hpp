// The database thread: takes what the loop thread asks for, does it in order, and posts the answers back to the loop.
//
// All appends that wait when the thread looks go into one transaction (group commit: one sync for all of them); reads
// run after it, between transactions. An error of the disk or the database ends the process with a sentence on stderr:
// after a failed sync nothing may be tried again (rule C18 of docs/step-protocol.md). `append`, `read` and the
// destructor are called on the loop thread. Callbacks run on the loop; they are moved there from the database thread,
// which only holds them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/store/database.hpp"

namespace belay::store {

using Answer = std::move_only_function<void()>;

struct Append {
  std::vector<Event> events;
  std::vector<RecordWrite> rows;
  std::int64_t at_ms = 0;
  std::move_only_function<void(std::vector<Recorded>)> done;  // runs on the loop, in the order of the appends
};

class Writer {
 public:
  Writer(std::unique_ptr<Database> database, boost::asio::any_io_executor loop);
  // Does all that was asked for, checkpoints and closes the database. Answers that were not run yet still will be.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
  void append(Append append);
  // `work` runs on the database thread and returns what is to run on the loop.
  void read(std::move_only_function<Answer(soci::session&)> work);

 private:
  using Read = std::move_only_function<Answer(soci::session&)>;

  void run();
  void write(std::vector<Append> appends);

  std::unique_ptr<Database> database_;  // the thread's alone until it has ended
  const std::uint64_t epoch_;
  boost::asio::any_io_executor loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Append> appends_;  // these three under mutex_
  std::vector<Read> reads_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace belay::store
