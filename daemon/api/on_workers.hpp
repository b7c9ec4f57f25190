// Runs a blocking piece of work (disk, hashing) on the worker pool and comes back to the loop with its result.
//
// The loop thread never waits for a disk. The result must be default constructible and movable; `work` must not throw.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "daemon/port/journal.hpp"

namespace belay::api {

template <class Work>
auto on_workers(boost::asio::any_io_executor workers, Work work) -> Awaitable<decltype(work())> {
  namespace asio = boost::asio;
  using Outcome = decltype(work());
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Outcome)>(
      [](auto handler, asio::any_io_executor pool, Work piece) {
        auto loop = asio::make_work_guard(asio::get_associated_executor(handler));
        asio::post(pool, [handler = std::move(handler), loop = std::move(loop), piece = std::move(piece)]() mutable {
          Outcome outcome = piece();
          asio::post(loop.get_executor(), [handler = std::move(handler), outcome = std::move(outcome)]() mutable {
            std::move(handler)(std::move(outcome));
          });
        });
      },
      asio::use_awaitable, workers, std::move(work));
}

}  // namespace belay::api
