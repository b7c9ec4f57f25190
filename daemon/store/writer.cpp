#include "daemon/store/writer.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "daemon/base/escape.hpp"

namespace belay::store {
namespace {

[[noreturn]] void give_up(const char* what) {
  const std::string sentence = fmt::format(
      "belayd: the journal cannot be trusted any more: {}. belayd stops at once, because after a failed write or sync "
      "a "
      "second try could lie. Look at the disk (free space, quota, the kernel's log) and start belayd again: it "
      "recovers all "
      "runs from the journal.\n",
      show(what));
  std::fputs(sentence.c_str(), stderr);
  std::abort();
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, boost::asio::any_io_executor loop)
    : database_(std::move(database)), epoch_(database_->epoch()), loop_(std::move(loop)), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::append(Append append) {
  {
    const std::scoped_lock lock(mutex_);
    appends_.push_back(std::move(append));
  }
  wake_.notify_one();
}

void Writer::read(std::move_only_function<Answer(soci::session&)> work) {
  {
    const std::scoped_lock lock(mutex_);
    reads_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void Writer::run() try {
  for (;;) {
    std::vector<Append> appends;
    std::vector<Read> reads;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !appends_.empty() || !reads_.empty(); });
      appends.swap(appends_);
      reads.swap(reads_);
      if (stop_ && appends.empty() && reads.empty()) break;
    }
    if (!appends.empty()) write(std::move(appends));
    for (Read& read : reads) boost::asio::post(loop_, read(database_->session()));
  }
  database_->checkpoint();
  database_.reset();
} catch (const std::exception& error) {
  give_up(error.what());
}

void Writer::write(std::vector<Append> appends) {
  std::vector<std::vector<Recorded>> recorded(appends.size());
  database_->begin();
  for (std::size_t i = 0; i < appends.size(); ++i) {
    for (const Event& event : appends[i].events) recorded[i].push_back(database_->write(event, appends[i].at_ms));
    for (const RecordWrite& row : appends[i].rows) database_->write(row);
  }
  database_->commit();
  boost::asio::post(loop_, [appends = std::move(appends), recorded = std::move(recorded)]() mutable {
    for (std::size_t i = 0; i < appends.size(); ++i) appends[i].done(std::move(recorded[i]));
  });
}

}  // namespace belay::store
