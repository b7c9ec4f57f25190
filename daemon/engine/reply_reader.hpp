// Reads a leash's reply (docs/host-protocol.md) while it comes, whatever its size: sections go to a sink, piece by
// piece.
//
// Every byte is hostile. Nothing is believed before the end line with this call's nonce was read: finish() then gives
// the host's code. Errors, from feed() once and from finish(): Kind::unknown when there is no begin line, no end line,
// or anything else between them; the sink's own error when it gave one. Loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::engine {

// What a sink returns as an error ends the reading. `name` has at most 38 bytes, none of them a space.
class SectionSink {
 public:
  virtual ~SectionSink() = default;
  [[nodiscard]] virtual Result<void> begin(const std::string& name, std::uint64_t size) = 0;
  [[nodiscard]] virtual Result<void> data(std::string_view bytes) = 0;
  [[nodiscard]] virtual Result<void> end() = 0;
};

class ReplyReader {
 public:
  // `sink` must outlive it.
  ReplyReader(const std::string& nonce, SectionSink& sink);

  // After an error nothing more is taken in.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // The code of the end line.
  [[nodiscard]] Result<int> finish() const;

 private:
  enum class At : std::uint8_t { banner, head, body, after_body, over };
  [[nodiscard]] Result<void> look_for_begin(std::string_view& bytes);
  [[nodiscard]] Result<void> head(std::string_view& bytes);
  [[nodiscard]] Result<void> body(std::string_view& bytes);
  [[nodiscard]] Result<void> malformed();

  const std::string begin_;
  const std::string end_;
  SectionSink& sink_;
  At at_ = At::banner;
  std::string line_;    // what may become the begin line, or a section's head
  std::string banner_;  // its first words, for the operator
  std::uint64_t left_ = 0;
  int rc_ = 0;
  Result<void> failed_;
};

}  // namespace belay::engine
