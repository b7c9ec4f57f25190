// FrameLink: frames of the worker protocol over a connected stream socket, the same on both sides.
//
// send() never blocks and never fails: what cannot be sent shows as the end of receive(). Its queue is bounded by the
// credits of the protocol. receive() gives nullopt at a clean end of stream, an Error when the stream is malformed or
// broken. After close() nothing is sent, and a pending receive() ends. One thread; kept alive by shared_ptr.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "belay/worker_protocol.hpp"

namespace belay {

class FrameLink : public std::enable_shared_from_this<FrameLink> {
 public:
  // Takes the descriptor over.
  FrameLink(const boost::asio::any_io_executor& executor, int fd);

  void send(worker_protocol::Frame frame);
  // One caller at a time.
  boost::asio::awaitable<Result<std::optional<worker_protocol::Frame>>> receive();
  void close();
  [[nodiscard]] bool open() const { return socket_.is_open(); }

 private:
  void write_next();

  boost::asio::local::stream_protocol::socket socket_;
  worker_protocol::Decoder decoder_;
  std::array<char, worker_protocol::max_data> buffer_{};
  std::deque<std::string> queue_;
};

}  // namespace belay
