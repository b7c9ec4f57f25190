#include "plugins/transport/ssh/scan.hpp"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "daemon/base/base64.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/base/ulid.hpp"
#include "plugins/transport/runtime/fingerprint.hpp"
#include "plugins/transport/runtime/ready.hpp"
#include "plugins/transport/ssh/kexinit.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace belay::ssh {

namespace {

using Clock = std::chrono::steady_clock;
using worker::Fd;

constexpr std::size_t largest_packet = 256 * 1024;
constexpr std::size_t largest_greeting = 64 * 1024;

enum : std::uint8_t { kexinit = 20, kexdh_init = 30, kexdh_reply = 31 };

// One connection, with a deadline on every wait.
class Wire {
 public:
  Wire(std::string place, Clock::time_point deadline) : place_(std::move(place)), deadline_(deadline) {}

  Result<void> connect(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list); error != 0) {
      return fail(Kind::unreachable, place_ + " does not resolve: " + gai_strerror(error), "Check the name.");
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(list, freeaddrinfo);
    int error = EHOSTUNREACH;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
      fd_ = Fd(socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      if (::connect(fd_.get(), at->ai_addr, at->ai_addrlen) != 0 && errno != EINPROGRESS) {
        error = errno;
        continue;
      }
      BELAY_TRYV(ready(POLLOUT));
      socklen_t size = sizeof error;
      getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error == 0) return {};
    }
    return fail(Kind::unreachable, place_ + " cannot be reached: " + strerror(error), "Check address and port.");
  }

  Result<void> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        BELAY_TRYV(ready(POLLOUT));
      } else {
        return broke();
      }
    }
    return {};
  }

  Result<std::string> take(std::size_t size) {
    while (have_.size() < size) BELAY_TRYV(more());
    std::string out = have_.substr(0, size);
    have_.erase(0, size);
    return out;
  }

  Result<std::string> take_line() {
    for (;;) {
      if (const auto end = have_.find('\n'); end != std::string::npos) {
        std::string line = have_.substr(0, end);
        have_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      if (have_.size() > largest_greeting)
        return fail(Kind::invalid, place_ + " does not speak SSH", "Check the port.");
      BELAY_TRYV(more());
    }
  }

  // The payload of the next packet; the cipher is still "none".
  Result<std::string> packet() {
    BELAY_TRY(const std::string head, take(5));
    Reader reader(head);
    const auto length = reader.u32();
    const auto padding = reader.byte();
    if (length > largest_packet || length < padding + 2U)
      return fail(Kind::invalid, place_ + " sent a malformed packet");
    BELAY_TRY(std::string body, take(length - 1));
    body.resize(length - 1 - padding);
    return body;
  }

  Result<void> send_packet(std::string_view payload) {
    std::size_t padding = 8 - (payload.size() + 5) % 8;
    if (padding < 4) padding += 8;
    std::string out;
    put_u32(out, static_cast<std::uint32_t>(1 + payload.size() + padding));
    out.push_back(static_cast<char>(padding));
    out += payload;
    out.append(padding, '\0');
    return send(out);
  }

 private:
  std::unexpected<Error> broke() const {
    return fail(Kind::unreachable, place_ + " ended the connection", "Try again; look at the log of its sshd.");
  }

  Result<void> more() {
    std::array<char, 16384> buffer;
    BELAY_TRYV(ready(POLLIN));
    const auto got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return broke();
    if (got > 0) have_.append(buffer.data(), static_cast<std::size_t>(got));
    return {};
  }

  Result<void> ready(short events) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    pollfd wait{fd_.get(), events, 0};
    if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) {
      return fail(Kind::timeout, place_ + " did not answer in time",
                  "Check that the host is up and that no firewall is in between.");
    }
    return {};
  }

  std::string place_;
  Clock::time_point deadline_;
  Fd fd_;
  std::string have_;
};

// Valid public values whose secrets everybody knows: we never compute a shared key, we only want to see the server's.
std::string public_value(std::string_view kex) {
  if (kex.starts_with("curve25519")) return std::string(1, '\x09') + std::string(31, '\0');  // the base point
  if (kex == "ecdh-sha2-nistp256") {
    return "\x04"
           "\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1"
           "\x39\x45"
           "\xd8\x98\xc2\x96"
           "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6"
           "\x40\x68"
           "\x37\xbf\x51\xf5";
  }
  // Group 14 has 2048 bits; any number well inside is a possible public value.
  std::string number;
  for (int i = 0; i < 25; ++i) {
    for (const auto byte : random_ten()) number.push_back(static_cast<char>(byte));
  }
  return number;
}

constexpr std::string_view scan_kex =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group14-sha256";
// Only what can come before the keys are switched on is sent, so any name would do; servers want a match.
constexpr std::string_view scan_ciphers =
    "aes128-ctr,aes256-ctr,aes192-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com";
constexpr std::string_view scan_macs =
    "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-128-etm@openssh.com,"
    "umac-128@openssh.com,umac-64-etm@openssh.com,umac-64@openssh.com,hmac-sha1-etm@openssh.com,hmac-sha1";

std::string our_kexinit(std::string_view host_key) {
  std::string out(1, static_cast<char>(kexinit));
  for (int i = 0; i < 2; ++i) {
    const auto random = random_ten();
    out.append(reinterpret_cast<const char*>(random.data()), 8);
  }
  for (const auto list : {scan_kex, host_key, scan_ciphers, scan_ciphers, scan_macs, scan_macs,
                          std::string_view("none"), std::string_view("none"), std::string_view(), std::string_view()}) {
    put_string(out, list);
  }
  return out + std::string(5, '\0');
}

// Connects and reads the server's greeting and lists.
Result<Offer> greet(Wire& wire, const std::string& host, std::uint16_t port) {
  BELAY_TRYV(wire.connect(host, std::to_string(port)));
  BELAY_TRYV(wire.send("SSH-2.0-Belay\r\n"));
  Offer offer;
  for (int lines = 0; lines < 1024 && !offer.banner.starts_with("SSH-"); ++lines) {
    BELAY_TRY(offer.banner, wire.take_line());
  }
  BELAY_TRY(const std::string payload, wire.packet());
  if (!read_kexinit(payload, offer)) return fail(Kind::invalid, host + " sent no list of algorithms");
  return offer;
}

// The key of one type, as the server shows it in its answer to a key exchange.
Result<std::string> fetch(Wire& wire, const Offer& offer, const std::string& host, std::string_view algorithm) {
  const auto ours = split(scan_kex, ',');
  const auto kex = std::ranges::find_if(ours, [&](const auto& name) { return contains(offer.kex, name); });
  if (kex == ours.end()) {
    return fail(Kind::refused, host + " offers only key exchanges " + show(join(offer.kex, ", ").substr(0, 400)),
                "Add curve25519-sha256 to KexAlgorithms in its sshd_config.");
  }
  BELAY_TRYV(wire.send_packet(our_kexinit(algorithm)));
  std::string init(1, static_cast<char>(kexdh_init));
  if (kex->starts_with("diffie-hellman")) {
    put_mpint(init, public_value(*kex));
  } else {
    put_string(init, public_value(*kex));
  }
  BELAY_TRYV(wire.send_packet(init));
  for (int packets = 0; packets < 16; ++packets) {
    BELAY_TRY(const std::string payload, wire.packet());
    Reader reader(payload);
    if (reader.byte() != kexdh_reply) continue;
    const auto blob = reader.string();
    if (!reader.ok() || blob.empty()) break;
    return std::string(blob);
  }
  return fail(Kind::invalid, host + " showed no host key");
}

}  // namespace

Result<Scan> scan(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const std::string place = show(host) + " port " + std::to_string(port);
  Wire first(place, deadline);
  BELAY_TRY(const Offer offer, greet(first, host, port));
  Scan result;
  result.server = show(offer.banner);
  for (const auto& name : offer.host_keys) result.offers.push_back(show(name));
  bool rsa = false;
  for (const auto& name : offer.host_keys) {
    // The three names of RSA are one key.
    const bool is_rsa = name == "rsa-sha2-512" || name == "rsa-sha2-256" || name == "ssh-rsa";
    const bool wanted = is_rsa ? !rsa : contains(split(our_host_keys, ','), name);
    if (!wanted) continue;
    rsa = rsa || is_rsa;
    Wire wire(place, deadline);
    BELAY_TRY(const Offer again, greet(wire, host, port));
    BELAY_TRY(const std::string blob, fetch(wire, again, place, name));
    const std::string type(key_type(blob));
    result.keys.push_back({show(type), show(type) + " " + encode_base64(blob), worker::fingerprint(blob)});
  }
  return result;
}

}  // namespace belay::ssh
