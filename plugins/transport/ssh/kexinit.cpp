#include "plugins/transport/ssh/kexinit.hpp"

#include <algorithm>

#include "daemon/base/escape.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace belay::ssh {

const std::string_view our_kex =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
    "diffie-hellman-group14-sha256";
const std::string_view our_ciphers = "aes256-ctr,aes192-ctr,aes128-ctr";
const std::string_view our_macs = "hmac-sha2-256,hmac-sha2-512";
const std::string_view our_host_keys = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521";

namespace {

constexpr std::size_t largest_packet = 256 * 1024;
constexpr std::uint8_t kexinit_message = 20;

bool common(const std::vector<std::string>& theirs, const std::vector<std::string>& ours) {
  return std::ranges::any_of(theirs, [&](const auto& name) { return contains(ours, name); });
}

std::string named(std::vector<std::string> names) {
  // Names that change nothing about the algorithms.
  std::erase_if(names,
                [](const auto& name) { return name.starts_with("kex-strict-") || name.starts_with("ext-info-"); });
  if (names.empty()) return "none at all";
  return show(join(names, ", ").substr(0, 400));
}

}  // namespace

bool read_kexinit(std::string_view payload, Offer& offer) {
  Reader reader(payload);
  if (reader.byte() != kexinit_message) return false;
  reader.raw(16);  // cookie
  offer.kex = split(reader.string(), ',');
  offer.host_keys = split(reader.string(), ',');
  offer.ciphers = split(reader.string(), ',');
  reader.string();  // the other direction; servers offer the same both ways
  offer.macs = split(reader.string(), ',');
  return reader.ok();
}

std::optional<Offer> read_offer(std::string_view stream) {
  Offer offer;
  while (offer.banner.empty()) {
    const auto end = stream.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    auto line = stream.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("SSH-")) offer.banner = line;
    stream.remove_prefix(end + 1);
  }
  Reader reader(stream);
  const auto length = reader.u32();
  const auto padding = reader.byte();
  if (!reader.ok() || length > largest_packet || length < padding + 2U) return std::nullopt;
  const auto payload = reader.raw(length - padding - 1);
  if (!reader.ok() || !read_kexinit(payload, offer)) return std::nullopt;
  return offer;
}

std::optional<Error> explain(const Offer& offer, const std::string& host, const std::vector<std::string>& pinned) {
  struct Part {
    const std::vector<std::string>& theirs;
    std::string_view ours;
    const char* noun;
    const char* change;
  };
  const Part parts[] = {
      {offer.kex, our_kex, "key exchanges", "add curve25519-sha256 to KexAlgorithms in its sshd_config"},
      {offer.host_keys, our_host_keys, "host keys of type",
       "give it an ed25519 host key (ssh-keygen -t ed25519, HostKey and HostKeyAlgorithms in its sshd_config) and pin "
       "that"},
      {offer.ciphers, our_ciphers, "ciphers", "add aes256-ctr to Ciphers in its sshd_config"},
      {offer.macs, our_macs, "MACs", "add hmac-sha2-256 to MACs in its sshd_config"},
  };
  for (const Part& part : parts) {
    if (common(part.theirs, split(part.ours, ','))) continue;
    return Error{Kind::refused,
                 host + " offers only " + part.noun + " " + named(part.theirs) + ", which libssh2 1.10 does not speak",
                 std::string("On that host, ") + part.change + ", or set `transport: openssh` for it.", std::nullopt};
  }
  if (!common(offer.host_keys, pinned)) {
    return Error{Kind::refused,
                 host + " offers host keys of type " + named(offer.host_keys) + ", but the pinned ones are of type " +
                     show(join(pinned, ", ")),
                 "Compare its fingerprints out of band (belay host scan-key) and pin a key of a type it has.",
                 std::nullopt};
  }
  return std::nullopt;
}

}  // namespace belay::ssh
