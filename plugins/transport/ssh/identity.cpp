#include "plugins/transport/ssh/identity.hpp"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "daemon/base/base64.hpp"
#include "daemon/base/escape.hpp"
#include "plugins/transport/runtime/ready.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace belay::ssh {

namespace {

constexpr std::string_view make_one = "Make one with: ssh-keygen -t ed25519 -N ''.";
constexpr std::size_t largest_file = 64 * 1024;

struct Curve {
  const char* ssh;      // in key types and blobs
  const char* openssl;  // group name
  const EVP_MD* (*hash)();
};
constexpr std::array<Curve, 3> curves{{{"nistp256", "prime256v1", EVP_sha256},
                                       {"nistp384", "secp384r1", EVP_sha384},
                                       {"nistp521", "secp521r1", EVP_sha512}}};

// Text that held key material.
struct Wiped {
  std::string text;
  Wiped() = default;
  explicit Wiped(std::string text_) : text(std::move(text_)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { OPENSSL_cleanse(text.data(), text.size()); }
};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::unexpected<Error> passphrase(const std::string& name) {
  return fail(Kind::refused, "the key " + name + " is protected by a passphrase, which nobody is there to type",
              "Remove it with ssh-keygen -p and let systemd keep the file encrypted (LoadCredentialEncrypted).");
}

template <class T, void (*f)(T*)>
struct With {
  void operator()(T* value) const { f(value); }
};
using Bn = std::unique_ptr<BIGNUM, With<BIGNUM, BN_clear_free>>;
using Build = std::unique_ptr<OSSL_PARAM_BLD, With<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, With<OSSL_PARAM, OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, With<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using Hashing = std::unique_ptr<EVP_MD_CTX, With<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, With<ECDSA_SIG, ECDSA_SIG_free>>;

EVP_PKEY* make_ec(const Curve& curve, std::string_view point, std::string_view number) {
  const Bn secret(BN_bin2bn(bytes_of(number), static_cast<int>(number.size()), nullptr));
  const Build build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.openssl, 0);
  OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret.get());
  const Params params(OSSL_PARAM_BLD_to_param(build.get()));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  return EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) == 1 ? key : nullptr;
}

std::string big(const BIGNUM* number) {
  std::string out(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

}  // namespace

Result<PrivateKey> PrivateKey::load(const std::filesystem::path& file) {
  const std::string name = show(file.string());
  const worker::Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!fd.open() || fstat(fd.get(), &status) != 0) {
    return fail(errno == ENOENT ? Kind::not_found : Kind::refused,
                "the key " + name + " cannot be read: " + strerror(errno),
                "Name the environment's identity in environments.yaml; the account of belayd must be able to read it.");
  }
  if (!S_ISREG(status.st_mode) || status.st_size > static_cast<off_t>(largest_file)) {
    return fail(Kind::invalid, "the key " + name + " is not a key file", std::string(make_one));
  }
  // The rule of ssh itself: what others can read is no secret.
  if (status.st_uid == geteuid() && (status.st_mode & 077) != 0) {
    return fail(Kind::refused, "the key " + name + " can be read by others", "Protect it: chmod 600 " + name + ".");
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const auto size = read(fd.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return parse(std::move(text), name);
}

Result<PrivateKey> PrivateKey::parse(std::string text, const std::string& name) {
  const Wiped wiped(std::move(text));
  Result<void> problem;
  const bool own = wiped.text.find("-----BEGIN OPENSSH PRIVATE KEY-----") != std::string::npos;
  Key key = own ? from_openssh(wiped.text, name, problem) : from_pem(wiped.text, name, problem);
  if (!problem) return std::unexpected(problem.error());
  if (!key) return fail(Kind::invalid, name + " is not a private key", std::string(make_one));
  return describe(std::move(key), name);
}

PrivateKey::Key PrivateKey::from_openssh(std::string_view text, const std::string& name, Result<void>& problem) {
  constexpr std::string_view magic("openssh-key-v1\0", 15);
  Wiped packed;
  for (const auto& line : split(text, '\n')) {
    if (!line.starts_with("-----")) packed.text += line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }
  const Wiped decoded(decode_base64(packed.text).value_or(""));
  Reader reader(decoded.text);
  if (reader.raw(magic.size()) != magic) return nullptr;
  const auto cipher = reader.string();
  reader.string();  // key derivation
  reader.string();  // and its options
  const auto count = reader.u32();
  reader.string();  // the public key
  if (reader.ok() && cipher != "none") {
    problem = passphrase(name);
    return nullptr;
  }
  Reader secret(reader.string());
  const bool same = secret.u32() == secret.u32();
  if (!reader.ok() || count != 1 || !same) return nullptr;
  const auto type = secret.string();
  if (type == "ssh-ed25519") {
    secret.string();
    const auto pair = secret.string();  // seed and public key
    return Key(pair.size() == 64 ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(pair), 32)
                                 : nullptr);
  }
  for (const Curve& curve : curves) {
    if (type != std::string("ecdsa-sha2-") + curve.ssh) continue;
    secret.string();
    const auto point = secret.string();
    const auto number = secret.string();
    return Key(secret.ok() ? make_ec(curve, point, number) : nullptr);
  }
  problem = fail(Kind::refused, "the key " + name + " is of type " + show(type) + "; belay-ssh takes ed25519 and ecdsa",
                 std::string(make_one));
  return nullptr;
}

PrivateKey::Key PrivateKey::from_pem(std::string_view text, const std::string& name, Result<void>& problem) {
  bool asked = false;
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  const auto no_passphrase = [](char*, int, int, void* flag) {
    *static_cast<bool*>(flag) = true;
    return -1;
  };
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked));
  if (!key && asked) problem = passphrase(name);
  return key;
}

Result<PrivateKey> PrivateKey::describe(Key key, const std::string& name) {
  PrivateKey result;
  std::array<unsigned char, 256> point;
  std::size_t size = point.size();
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1 && EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size) == 1) {
    put_string(result.blob_, "ssh-ed25519");
    put_string(result.blob_, std::string_view(reinterpret_cast<const char*>(point.data()), size));
    result.key_ = std::move(key);
    return result;
  }
  std::array<char, 64> group{};
  if (EVP_PKEY_is_a(key.get(), "EC") == 1 &&
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), nullptr) == 1) {
    for (const Curve& curve : curves) {
      if (std::string_view(group.data()) != curve.openssl) continue;
      if (EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) != 1)
        break;
      put_string(result.blob_, std::string("ecdsa-sha2-") + curve.ssh);
      put_string(result.blob_, curve.ssh);
      put_string(result.blob_, std::string_view(reinterpret_cast<const char*>(point.data()), size));
      result.hash_ = curve.hash();
      result.key_ = std::move(key);
      return result;
    }
  }
  return fail(Kind::refused, "the key " + name + " is neither ed25519 nor ecdsa, which is what belay-ssh can sign with",
              std::string(make_one));
}

std::string PrivateKey::line() const { return std::string(key_type(blob_)) + " " + encode_base64(blob_); }

std::string PrivateKey::sign(std::string_view data) const {
  const Hashing context(EVP_MD_CTX_new());
  std::array<unsigned char, 512> raw;
  std::size_t size = raw.size();
  if (EVP_DigestSignInit(context.get(), nullptr, hash_, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), raw.data(), &size, bytes_of(data), data.size()) != 1) {
    return {};
  }
  if (hash_ == nullptr) return std::string(reinterpret_cast<const char*>(raw.data()), size);
  // OpenSSL gives DER; SSH wants the two numbers.
  const unsigned char* at = raw.data();
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  if (!signature) return {};
  std::string out;
  put_mpint(out, big(ECDSA_SIG_get0_r(signature.get())));
  put_mpint(out, big(ECDSA_SIG_get0_s(signature.get())));
  return out;
}

}  // namespace belay::ssh
