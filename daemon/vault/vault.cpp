#include "daemon/vault/vault.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <fstream>
#include <string_view>
#include <utility>

#include "daemon/base/check.hpp"

namespace belay::vault {
namespace {

constexpr std::string_view magic = "belay sealed 1\n";
constexpr std::size_t piece = 64 * 1024;
constexpr std::size_t sealed_piece = piece + crypto_secretstream_xchacha20poly1305_ABYTES;
static_assert(crypto_secretstream_xchacha20poly1305_KEYBYTES == std::tuple_size_v<Key>);

using State = crypto_secretstream_xchacha20poly1305_state;

std::uint8_t* bytes(std::string& text) { return reinterpret_cast<std::uint8_t*>(text.data()); }
const std::uint8_t* bytes(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

class Sealer final : public BlobWriter {
 public:
  explicit Sealer(std::unique_ptr<BlobWriter> to) : to_(std::move(to)) {}
  ~Sealer() override {
    sodium_memzero(&state_, sizeof state_);
    if (!waiting_.empty()) sodium_memzero(waiting_.data(), waiting_.size());
  }
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  Result<void> start(const Key& key) {
    std::string head(crypto_secretstream_xchacha20poly1305_HEADERBYTES, '\0');
    crypto_secretstream_xchacha20poly1305_init_push(&state_, bytes(head), key.data());
    BELAY_TRYV(to_->write(magic));
    return to_->write(head);
  }

  Result<void> write(std::string_view data) override {
    while (!data.empty()) {
      const std::string_view part = data.substr(0, piece - waiting_.size());
      waiting_ += part;
      data.remove_prefix(part.size());
      if (waiting_.size() == piece) BELAY_TRYV(push(crypto_secretstream_xchacha20poly1305_TAG_MESSAGE));
    }
    return {};
  }

  Result<Digest> finish() override {
    BELAY_TRYV(push(crypto_secretstream_xchacha20poly1305_TAG_FINAL));
    return to_->finish();
  }

 private:
  Result<void> push(std::uint8_t tag) {
    std::string sealed(waiting_.size() + crypto_secretstream_xchacha20poly1305_ABYTES, '\0');
    crypto_secretstream_xchacha20poly1305_push(&state_, bytes(sealed), nullptr, bytes(std::string_view(waiting_)),
                                               waiting_.size(), nullptr, 0, tag);
    waiting_.clear();
    return to_->write(sealed);
  }

  std::unique_ptr<BlobWriter> to_;
  State state_{};
  std::string waiting_;
};

class Opener final : public VaultReader {
 public:
  Opener(std::ifstream from, std::string name) : from_(std::move(from)), name_(std::move(name)) {}
  ~Opener() override { sodium_memzero(&state_, sizeof state_); }
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;

  Result<void> start(const Key& key) {
    BELAY_TRY(const std::string line, take(magic.size()));
    BELAY_TRY(const std::string head, take(crypto_secretstream_xchacha20poly1305_HEADERBYTES));
    if (line != magic || head.size() != crypto_secretstream_xchacha20poly1305_HEADERBYTES ||
        crypto_secretstream_xchacha20poly1305_init_pull(&state_, bytes(std::string_view(head)), key.data()) != 0)
      return damaged("it does not begin like one");
    return {};
  }

  Result<std::string> next() override {
    if (ended_) return std::string();
    BELAY_TRY(const std::string sealed, take(sealed_piece));
    if (sealed.size() < crypto_secretstream_xchacha20poly1305_ABYTES) return damaged("it ends too early");
    std::string open(sealed.size() - crypto_secretstream_xchacha20poly1305_ABYTES, '\0');
    std::uint8_t tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(&state_, bytes(open), nullptr, &tag, bytes(std::string_view(sealed)),
                                                   sealed.size(), nullptr, 0) != 0)
      return damaged("it was changed, or sealed with another key");
    ended_ = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    if (ended_ && from_.peek() != std::ifstream::traits_type::eof()) return damaged("something stands behind its end");
    if (!ended_ && open.size() != piece) return damaged("it ends too early");
    return open;
  }

 private:
  Result<std::string> take(std::size_t count) {
    std::string out(count, '\0');
    from_.read(out.data(), static_cast<std::streamsize>(count));
    if (from_.bad()) return fail(Kind::io, fmt::format("the sealed copy {} cannot be read", name_));
    out.resize(static_cast<std::size_t>(from_.gcount()));
    return out;
  }
  std::unexpected<Error> damaged(const char* how) const {
    return fail(Kind::integrity, fmt::format("the sealed copy {} cannot be used: {}", name_, how),
                "Use the snapshot on the host, or restore the state directory and its snapshot key from a backup");
  }

  std::ifstream from_;
  std::string name_;
  State state_{};
  bool ended_ = false;
};

}  // namespace

SealedVault::SealedVault(Blobs& blobs, const Key& key) : blobs_(blobs), key_(key) { BELAY_CHECK(sodium_init() >= 0); }

SealedVault::~SealedVault() { sodium_memzero(key_.data(), key_.size()); }

Result<std::unique_ptr<BlobWriter>> SealedVault::begin() {
  BELAY_TRY(auto to, blobs_.begin());
  auto sealer = std::make_unique<Sealer>(std::move(to));
  BELAY_TRYV(sealer->start(key_));
  return sealer;
}

Result<std::unique_ptr<VaultReader>> SealedVault::open(const Digest& digest) {
  BELAY_TRY(const std::filesystem::path path, blobs_.path(digest));
  std::ifstream from(path, std::ios::binary);
  if (!from) return fail(Kind::io, fmt::format("the sealed copy {} cannot be read", digest.brief()));
  auto opener = std::make_unique<Opener>(std::move(from), digest.brief());
  BELAY_TRYV(opener->start(key_));
  return opener;
}

}  // namespace belay::vault
