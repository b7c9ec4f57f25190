#include "daemon/engine/stage_tar.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <memory>

#include "daemon/plugin/kit_tar.hpp"

namespace belay::engine {
namespace {

using plugin::TarStream;
constexpr std::size_t piece = 256 * 1024;

Result<void> add_step(TarStream& tar, const HostStep& step, const std::string& action, int number) {
  const std::string root = fmt::format("step/{}/", number);
  BELAY_TRYV(tar.file(root + "action", action + '\n'));
  std::string touches;
  for (std::size_t i = 0; i < step.touches.size(); ++i) touches += fmt::format("{} {}\n", i, step.touches[i].resource);
  BELAY_TRYV(tar.file(root + "touches", touches));
  for (const auto& [name, bytes] : step.params) BELAY_TRYV(tar.file(root + "p/" + name, bytes));
  for (std::size_t i = 0; i < step.touches.size(); ++i)
    for (const auto& [name, bytes] : step.touches[i].params)
      BELAY_TRYV(tar.file(fmt::format("{}r/{}/{}", root, i, name), bytes));
  return {};
}

// Walks the blobs, one open file at a time.
class Stream {
 public:
  Stream(std::vector<std::string> blobs, const Blobs& store) : blobs_(std::move(blobs)), store_(store) {}

  Result<std::string> next() {
    std::string out = tar.take();
    while (out.size() < piece && !ended_) {
      BELAY_TRYV(step());
      out += tar.take();
    }
    return out;
  }

  TarStream tar;

 private:
  Result<void> step() {
    if (left_ > 0) {
      buffer_.resize(std::min<std::uint64_t>(left_, piece));
      file_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      if (static_cast<std::size_t>(file_.gcount()) != buffer_.size())
        return fail(Kind::io, fmt::format("the blob {} became shorter while it was sent", blobs_[at_ - 1]));
      left_ -= buffer_.size();
      return tar.data(buffer_);
    }
    if (at_ == blobs_.size()) {
      ended_ = true;
      return tar.finish();
    }
    BELAY_TRY(const Digest digest, Digest::parse(blobs_[at_]));
    BELAY_TRY(left_, store_.size(digest));
    BELAY_TRY(const std::filesystem::path path, store_.path(digest));
    file_ = std::ifstream(path, std::ios::binary);
    if (!file_) return fail(Kind::io, fmt::format("cannot read the blob {}", blobs_[at_]));
    return tar.begin("blobs/" + blobs_[at_++], left_);
  }

  std::vector<std::string> blobs_;
  const Blobs& store_;
  std::size_t at_ = 0;
  std::uint64_t left_ = 0;
  std::ifstream file_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace

Result<std::string> step_tar(const HostStep& step, const std::string& action, int number) {
  TarStream tar;
  BELAY_TRYV(add_step(tar, step, action, number));
  BELAY_TRYV(tar.finish());
  return tar.take();
}

Source stage_stream(const Plan& plan, std::size_t host, std::vector<std::string> blobs, const Blobs& store) {
  auto stream = std::make_shared<Stream>(std::move(blobs), store);
  Result<void> begun;
  for (std::size_t i = 0; i < plan.steps.size() && begun; ++i)
    if (!plan.hosts[host].steps[i].skipped)
      begun = add_step(stream->tar, plan.hosts[host].steps[i], plan.steps[i].action, static_cast<int>(i) + 1);
  return [stream, begun]() -> Awaitable<Result<std::string>> {
    if (!begun) co_return std::unexpected(begun.error());
    co_return stream->next();
  };
}

std::vector<PlanItem> parse_items(std::string_view text) {
  std::vector<PlanItem> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    std::array<std::string, 4> field;
    std::size_t n = 0;
    for (; n < 3; ++n) {
      const std::size_t space = line.find(' ');
      if (space == std::string_view::npos) break;
      field[n] = line.substr(0, space);
      line.remove_prefix(space + 1);
    }
    if (n < 3) continue;
    out.push_back({field[0], field[1], field[2], std::string(line)});
  }
  return out;
}

}  // namespace belay::engine
