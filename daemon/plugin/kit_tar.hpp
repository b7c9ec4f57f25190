// Tar streams for hosts, made by libarchive in memory: the kit, and what a run stages.
//
// Deterministic: same members, same bytes (no times, no owners). A TarStream gives its bytes piece by piece, so a
// payload of any size passes through a constant amount of memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"

namespace belay::plugin {

class TarStream {
 public:
  TarStream();
  ~TarStream();
  TarStream(TarStream&&) noexcept;
  TarStream& operator=(TarStream&&) noexcept;
  TarStream(const TarStream&) = delete;
  TarStream& operator=(const TarStream&) = delete;

  // Begins a regular file of exactly `size` bytes, mode 0600.
  [[nodiscard]] Result<void> begin(const std::string& name, std::uint64_t size);
  [[nodiscard]] Result<void> data(std::string_view bytes);
  [[nodiscard]] Result<void> file(const std::string& name, std::string_view bytes);
  // Ends the archive.
  [[nodiscard]] Result<void> finish();
  // Takes what has been produced so far.
  [[nodiscard]] std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace belay::plugin
