// What a server offers in its first packet (RFC 4253 section 7.1), and why we and it do not understand each other.
//
// Reads bytes of an unauthenticated server: total, bounded, and all names are escaped in what is said. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::ssh {

// The algorithms belay-ssh speaks: those of libssh2 1.10 without the weak ones (CBC, RC4, MD5, SHA-1).
extern const std::string_view our_kex;
extern const std::string_view our_ciphers;
extern const std::string_view our_macs;
extern const std::string_view our_host_keys;

struct Offer {
  std::string banner;  // "SSH-2.0-…"
  std::vector<std::string> kex, host_keys, ciphers, macs;
};

// The beginning of a server's stream: lines, its banner, its KEXINIT packet. Nothing when it is not (yet) all there.
std::optional<Offer> read_offer(std::string_view stream);
// The payload of a KEXINIT packet.
bool read_kexinit(std::string_view payload, Offer& offer);

// The sentence that names what is missing and what to change; nothing when the lists do have a common algorithm each.
// `pinned`: types of the pinned host keys.
std::optional<Error> explain(const Offer& offer, const std::string& host, const std::vector<std::string>& pinned);

}  // namespace belay::ssh
