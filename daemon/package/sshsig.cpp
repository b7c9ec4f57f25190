#include "daemon/package/sshsig.hpp"

#include <optional>

#include "daemon/base/base64.hpp"

namespace belay::package {
namespace {

constexpr std::string_view begin_line = "-----BEGIN SSH SIGNATURE-----";
constexpr std::string_view end_line = "-----END SSH SIGNATURE-----";

std::unexpected<Error> no_signature() {
  return fail(Kind::invalid, "the signature file holds no SSH signature", "Sign with belay package sign.");
}

// The armour's lines, joined.
std::optional<std::string> unarmoured(std::string_view lines) {
  std::string text(lines);
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  return decode_base64(text);
}

// The fields of SSH's wire format, front to back.
class Fields {
 public:
  explicit Fields(std::string_view data) : data_(data) {}

  std::optional<std::uint32_t> number() {
    if (data_.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (char c : data_.substr(0, 4)) value = (value << 8U) | static_cast<unsigned char>(c);
    data_.remove_prefix(4);
    return value;
  }
  std::optional<std::string> text() {
    const auto size = number();
    if (!size || *size > data_.size()) return std::nullopt;
    std::string out(data_.substr(0, *size));
    data_.remove_prefix(*size);
    return out;
  }

 private:
  std::string_view data_;
};

}  // namespace

Result<SshSignature> parse_signature(std::string_view armored) {
  const auto begin = armored.find(begin_line);
  const auto end = armored.find(end_line);
  if (begin != 0 || end == armored.npos) return no_signature();
  const auto blob = unarmoured(armored.substr(begin_line.size(), end - begin_line.size()));
  if (!blob || !blob->starts_with("SSHSIG")) return no_signature();
  Fields fields(std::string_view(*blob).substr(6));
  const auto version = fields.number();
  const auto key = fields.text();
  const auto name_space = fields.text();
  const auto reserved = fields.text();
  const auto hash = fields.text();
  if (!version || !key || !name_space || !reserved || !hash) return no_signature();
  const auto key_type = Fields(*key).text();
  if (!key_type) return no_signature();
  return SshSignature{*version, *key_type, *name_space, *hash};
}

}  // namespace belay::package
