// Frames to bytes and back.
#include "belay/worker_protocol.hpp"
#include "daemon/base/check.hpp"

namespace belay::worker_protocol {
namespace {

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

std::uint32_t get_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

}  // namespace

std::string encode(const Frame& frame) {
  BELAY_CHECK(frame.payload.size() <= max_frame - header_size);
  std::string out;
  out.reserve(header_size + frame.payload.size());
  put_u32(out, static_cast<std::uint32_t>(header_size - 4 + frame.payload.size()));
  out.push_back(static_cast<char>(frame.type));
  put_u32(out, frame.connection);
  put_u32(out, frame.exec);
  out += frame.payload;
  return out;
}

std::string encode_credit(std::uint32_t bytes) {
  std::string out;
  put_u32(out, bytes);
  return out;
}

Result<std::uint32_t> parse_credit(std::string_view payload) {
  if (payload.size() != 4) return fail(Kind::invalid, "a credit frame does not hold four bytes");
  const std::uint32_t value = get_u32(payload);
  if (value == 0) return fail(Kind::invalid, "a credit frame grants nothing");
  return value;
}

Result<std::optional<Frame>> Decoder::next() {
  const std::string_view rest = std::string_view(buffer_).substr(used_);
  if (rest.size() >= 4) {
    const std::size_t length = get_u32(rest);
    if (length < header_size - 4 || length > max_frame - 4) {
      return fail(Kind::invalid, "a frame claims a length of " + std::to_string(length) + " bytes");
    }
    // The type is looked at as soon as it is there: nothing is buffered for a stream that is wrong already.
    if (rest.size() >= 5) {
      const auto type = static_cast<std::uint8_t>(rest[4]);
      if (type < static_cast<std::uint8_t>(Type::hello) || type > static_cast<std::uint8_t>(Type::pong)) {
        return fail(Kind::invalid, "a frame has the unknown type " + std::to_string(type));
      }
    }
    if (rest.size() >= 4 + length) {
      Frame frame{static_cast<Type>(rest[4]), get_u32(rest.substr(5)), get_u32(rest.substr(9)),
                  std::string(rest.substr(header_size, length + 4 - header_size))};
      used_ += 4 + length;
      return frame;
    }
  }
  // Only now, with no whole frame left, is what was read dropped: once per read, not once per frame.
  buffer_.erase(0, used_);
  used_ = 0;
  return std::nullopt;
}

}  // namespace belay::worker_protocol
