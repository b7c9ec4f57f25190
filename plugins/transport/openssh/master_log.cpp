#include "plugins/transport/openssh/master_log.hpp"

#include <unistd.h>

#include <boost/asio/buffer.hpp>

namespace belay::openssh {

namespace asio = boost::asio;

namespace {
constexpr std::size_t longest_line = 2000;
constexpr std::size_t most_messages = 30;
}  // namespace

MasterLog::MasterLog(const asio::any_io_executor& executor, int fd, std::string socket)
    : pipe_(executor, ::dup(fd)), socket_(std::move(socket)) {}

void MasterLog::watch() { read(); }

void MasterLog::stop() {
  news_ = nullptr;
  boost::system::error_code ignored;
  pipe_.close(ignored);
}

void MasterLog::read() {
  pipe_.async_wait(asio::posix::stream_descriptor::wait_read,
                   [self = shared_from_this()](const boost::system::error_code& error) {
                     if (error || !self->pipe_.is_open()) return;
                     const auto got = ::read(self->pipe_.native_handle(), self->buffer_.data(), self->buffer_.size());
                     if (got > 0) self->take(std::string_view(self->buffer_.data(), static_cast<std::size_t>(got)));
                     // At the end the ssh is gone as well, which its owner notices by itself.
                     if (got != 0) self->read();
                   });
}

void MasterLog::drain() {
  for (;;) {
    const auto got = ::read(pipe_.native_handle(), buffer_.data(), buffer_.size());
    if (got <= 0) return;
    take(std::string_view(buffer_.data(), static_cast<std::size_t>(got)));
  }
}

void MasterLog::take(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      line(partial_);
      partial_.clear();
    } else if (c != '\r' && partial_.size() < longest_line) {
      partial_.push_back(c);
    }
  }
  if (news_ != nullptr) news_->notify();
}

void MasterLog::line(std::string_view text) {
  constexpr std::string_view debug = "debug1: ";
  if (!text.starts_with(debug)) {
    messages_.emplace_back(text);
    if (messages_.size() > most_messages) messages_.pop_front();
    return;
  }
  text.remove_prefix(debug.size());
  constexpr std::string_view version = "Remote protocol version 2.0, remote software version ";
  constexpr std::string_view key = "Server host key: ";
  if (text.starts_with("Entering interactive session") && access(socket_.c_str(), F_OK) == 0) ready_ = true;
  if (text.starts_with("client_input_channel_req:") && text.find(" rtype exit-status ") != std::string_view::npos) {
    exit_status_ = true;
  }
  if (text.starts_with("client_input_channel_req:") && text.find(" rtype exit-signal ") != std::string_view::npos) {
    exit_signal_ = true;
  }
  // The first of each is the jump host's when there is one; the last one is the host's.
  if (text.starts_with(version)) server_ = text.substr(version.size());
  if (text.starts_with(key)) host_key_ = text.substr(key.size());
}

std::string MasterLog::messages() const {
  std::string all;
  for (const auto& message : messages_) all += message + "\n";
  return all;
}

}  // namespace belay::openssh
