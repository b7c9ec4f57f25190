#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "belay/frame_link.hpp"

namespace belay {

namespace asio = boost::asio;
using worker_protocol::Frame;

FrameLink::FrameLink(const asio::any_io_executor& executor, int fd)
    : socket_(executor, asio::local::stream_protocol(), fd) {}

void FrameLink::send(Frame frame) {
  if (!socket_.is_open()) return;
  queue_.push_back(worker_protocol::encode(frame));
  if (queue_.size() == 1) write_next();
}

void FrameLink::write_next() {
  asio::async_write(socket_, asio::buffer(queue_.front()),
                    [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                      if (error) {
                        // The reader sees the same end and tells; here only the queue is let go.
                        self->queue_.clear();
                        return;
                      }
                      self->queue_.pop_front();
                      if (!self->queue_.empty()) self->write_next();
                    });
}

asio::awaitable<Result<std::optional<Frame>>> FrameLink::receive() {
  const auto self = shared_from_this();
  for (;;) {
    auto frame = decoder_.next();
    if (!frame || *frame) co_return frame;
    const auto [error, size] =
        co_await socket_.async_read_some(asio::buffer(buffer_), asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::eof || error == asio::error::connection_reset ||
        error == asio::error::operation_aborted) {
      co_return std::nullopt;
    }
    if (error) co_return fail(Kind::io, "the socket between daemon and worker failed: " + error.message());
    decoder_.feed(std::string_view(buffer_.data(), size));
  }
}

void FrameLink::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace belay
