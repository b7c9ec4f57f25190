#include "daemon/base/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "daemon/base/check.hpp"

namespace belay {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

EVP_MD_CTX* as_context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

std::string Digest::hex() const {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(64);
  for (std::uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

Result<Digest> Digest::parse(std::string_view hex) {
  if (hex.size() != 64) return fail(Kind::invalid, "a digest is 64 hexadecimal digits");
  Digest out;
  for (std::size_t i = 0; i < 32; ++i) {
    const int high = nibble(hex[2 * i]);
    const int low = nibble(hex[2 * i + 1]);
    if (high < 0 || low < 0) return fail(Kind::invalid, "a digest is 64 lower-case hexadecimal digits");
    out.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return out;
}

void Hasher::Free::operator()(void* context) const { EVP_MD_CTX_free(as_context(context)); }

Hasher::Hasher() : context_(EVP_MD_CTX_new()) {
  BELAY_CHECK(context_ != nullptr);
  BELAY_CHECK(EVP_DigestInit_ex(as_context(context_.get()), EVP_sha256(), nullptr) == 1);
}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view data) {
  BELAY_CHECK(EVP_DigestUpdate(as_context(context_.get()), data.data(), data.size()) == 1);
}

Digest Hasher::finish() {
  Digest out;
  unsigned length = 0;
  BELAY_CHECK(EVP_DigestFinal_ex(as_context(context_.get()), out.bytes.data(), &length) == 1);
  BELAY_CHECK(length == out.bytes.size());
  return out;
}

Digest sha256(std::string_view data) {
  Hasher hasher;
  hasher.update(data);
  return hasher.finish();
}

Result<Digest> sha256_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Kind::io, fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  Hasher hasher;
  std::vector<char> buffer(1 << 18);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0)
    hasher.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
  if (in.bad()) return fail(Kind::io, fmt::format("cannot read {} to its end", path.string()));
  return hasher.finish();
}

}  // namespace belay
