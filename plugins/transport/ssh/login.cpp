#include "plugins/transport/ssh/login.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>

#include "daemon/base/base64.hpp"
#include "daemon/base/escape.hpp"
#include "plugins/transport/runtime/fingerprint.hpp"
#include "plugins/transport/ssh/kexinit.hpp"
#include "plugins/transport/ssh/session.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace belay::ssh {

namespace asio = boost::asio;
using asio::ip::tcp;
using worker::Fd;

namespace {

using Failed = std::unexpected<wp::Failure>;

Failed failed(Kind kind, std::string what, std::string next) {
  return Failed(wp::Failure{kind, std::move(what), std::move(next)});
}

// Tries the addresses one after the other; the last failure counts.
asio::awaitable<std::expected<Fd, wp::Failure>> connect(asio::any_io_executor executor, const wp::Open& open,
                                                        Time deadline) {
  wp::Failure last{Kind::invalid, open.name + ": no address to connect to",
                   "Give the host an address in the inventory."};
  for (const auto& text : open.addresses) {
    const std::string place = text + " port " + std::to_string(open.port);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(text, error);
    if (error) continue;
    // Shared with the handler: it comes once more after a deadline, when the socket is closed.
    struct Attempt {
      explicit Attempt(const asio::any_io_executor& on) : socket(on), done(on) {}
      tcp::socket socket;
      Signal done;
      boost::system::error_code error = asio::error::timed_out;
    };
    const auto attempt = std::make_shared<Attempt>(executor);
    attempt->socket.async_connect({address, open.port}, [attempt](const boost::system::error_code& result) {
      attempt->error = result;
      attempt->done.notify();
    });
    const bool ended = co_await attempt->done.wait(deadline);
    if (ended && !attempt->error) {
      attempt->socket.non_blocking(true);
      co_return Fd(attempt->socket.release());
    }
    if (!ended) {
      co_return failed(Kind::timeout, open.name + " (" + place + ") did not accept a connection in time",
                       "Check that the host is up and that no firewall drops the connection.");
    }
    if (attempt->error == asio::error::connection_refused) {
      last = {Kind::unreachable, open.name + " (" + place + ") refused the connection: nothing listens there",
              "Check that sshd runs on the host, and the port in the inventory."};
    } else {
      last = {Kind::unreachable, open.name + " (" + place + ") cannot be reached: " + attempt->error.message(),
              "Check the address in the inventory and the network in between."};
    }
  }
  co_return Failed(last);
}

struct Pins {
  std::vector<std::string> blobs;
  std::vector<std::string> types;
};

std::expected<Pins, wp::Failure> read_pins(const wp::Open& open) {
  Pins pins;
  for (const auto& line : open.host_keys) {
    const auto blank = line.find(' ');
    const auto blob = decode_base64(line.substr(blank + 1));
    if (line.starts_with("cert-authority ")) {
      return failed(Kind::refused,
                    open.name + " is pinned by a certificate authority, which libssh2 1.10 does not know",
                    "Pin its own host key, or set `transport: openssh` for it.");
    }
    if (!blob || key_type(*blob) != line.substr(0, blank)) {
      return failed(Kind::invalid, open.name + ": the pinned host key '" + show(line.substr(0, 60)) + "' is damaged",
                    "Pin it again as `belay host scan-key` prints it.");
    }
    if (contains(split(our_host_keys, ','), line.substr(0, blank))) pins.types.push_back(line.substr(0, blank));
    pins.blobs.push_back(*blob);
  }
  if (pins.blobs.empty()) {
    return failed(Kind::refused, open.name + " has no pinned host key, and none is taken on trust",
                  "Fetch it with `belay host scan-key`, compare its fingerprint out of band, and pin it.");
  }
  if (pins.types.empty()) {
    return failed(Kind::refused,
                  open.name + " is pinned with a key of type " + std::string(key_type(pins.blobs[0])) +
                      ", which needs rsa-sha2; libssh2 1.10 does not speak it",
                  "Pin an ed25519 or ecdsa key of that host, or set `transport: openssh` for it.");
  }
  return pins;
}

// Our lists, and of host keys only the types that are pinned: another one could not be accepted anyway.
void prefer(LIBSSH2_SESSION* session, const Pins& pins) {
  const std::string host_keys = join(pins.types, ",");
  const auto set = [&](int method, std::string_view list) {
    (void)libssh2_session_method_pref(session, method, std::string(list).c_str());
  };
  set(LIBSSH2_METHOD_KEX, our_kex);
  set(LIBSSH2_METHOD_HOSTKEY, host_keys);
  set(LIBSSH2_METHOD_CRYPT_CS, our_ciphers);
  set(LIBSSH2_METHOD_CRYPT_SC, our_ciphers);
  set(LIBSSH2_METHOD_MAC_CS, our_macs);
  set(LIBSSH2_METHOD_MAC_SC, our_macs);
}

Failed handshake_failure(SshSession& session, int result, const wp::Open& open, const Pins& pins) {
  if (result == call_timed_out || result == call_silent) {
    return failed(Kind::timeout, open.name + " accepted the connection, but did not finish the SSH greeting in time",
                  "Look at the load of the host and at what stands between it and here.");
  }
  if (const auto offer = read_offer(session.line().beginning())) {
    if (const auto error = explain(*offer, open.name, pins.types)) return failed(error->kind, error->what, error->next);
  }
  const std::string& begin = session.line().beginning();
  if (begin.empty()) {
    return failed(Kind::unreachable, open.name + " accepted the connection and closed it without an SSH greeting",
                  "Look at MaxStartups and at address rules of its sshd, and at what else may listen on that port.");
  }
  if (begin.find("SSH-") == std::string::npos) {
    return failed(Kind::unreachable, open.name + " does not speak SSH; it says '" + show(begin.substr(0, 60)) + "'",
                  "Check the port in the inventory.");
  }
  return failed(Kind::unreachable, "The SSH handshake failed. " + session.explain(result),
                "Try again; look at the log of its sshd.");
}

std::expected<std::string, wp::Failure> check_host_key(LIBSSH2_SESSION* session, const wp::Open& open,
                                                       const Pins& pins) {
  std::size_t size = 0;
  int type = 0;
  const char* bytes = libssh2_session_hostkey(session, &size, &type);
  const std::string_view blob(bytes, bytes != nullptr ? size : 0);
  if (contains(pins.blobs, blob)) return worker::fingerprint(blob);
  std::vector<std::string> wanted;
  for (const auto& pin : pins.blobs)
    wanted.push_back(worker::fingerprint(pin) + " (" + std::string(key_type(pin)) + ")");
  return failed(
      Kind::refused,
      open.name + " shows the host key " + worker::fingerprint(blob) + " (" + show(key_type(blob)) +
          "), but pinned is " + join(wanted, ", "),
      "Nothing was sent to it. If the host was really given a new key, compare the fingerprint out of band and pin "
      "it anew; if not, somebody stands in between.");
}

struct Signing {
  const PrivateKey& key;
  Line& line;
};

int sign(LIBSSH2_SESSION*, unsigned char** signature, std::size_t* size, const unsigned char* data, std::size_t length,
         void** abstract) {
  const auto& signing = **reinterpret_cast<Signing**>(abstract);
  const std::string text = signing.key.sign(std::string_view(reinterpret_cast<const char*>(data), length));
  // libssh2 frees it the way it frees its own.
  auto* copy = static_cast<unsigned char*>(signing.line.allocate(text.size()));
  if (text.empty() || copy == nullptr) return -1;
  std::memcpy(copy, text.data(), text.size());
  *signature = copy;
  *size = text.size();
  return 0;
}

}  // namespace

asio::awaitable<worker::OpenResult> login(asio::any_io_executor executor, const PrivateKey& key, wp::Open open,
                                          Time deadline) {
  const auto pins = read_pins(open);
  if (!pins) co_return std::unexpected(pins.error());
  auto socket = co_await connect(executor, open, deadline);
  if (!socket) co_return std::unexpected(socket.error());
  auto session = std::make_unique<SshSession>(executor, std::move(*socket), open);
  LIBSSH2_SESSION* raw = session->raw();
  Signal wake(executor);

  prefer(raw, *pins);
  int result =
      co_await session->drive([&] { return libssh2_session_handshake(raw, session->line().socket()); }, wake, deadline);
  if (result != 0) co_return handshake_failure(*session, result, open, *pins);
  const auto host_key = check_host_key(raw, open, *pins);
  if (!host_key) co_return std::unexpected(host_key.error());
  session->line().forget_beginning();

  Signing signing{key, session->line()};
  void* abstract = &signing;
  result = co_await session->drive(
      [&] {
        return libssh2_userauth_publickey(raw, open.user.c_str(),
                                          reinterpret_cast<const unsigned char*>(key.blob().data()), key.blob().size(),
                                          sign, &abstract);
      },
      wake, deadline);
  // libssh2 calls it "unverified" too when the connection broke in the middle: that is no verdict on the key.
  if (session->line().ended() && result != 0) result = LIBSSH2_ERROR_SOCKET_DISCONNECT;
  if (result == LIBSSH2_ERROR_AUTHENTICATION_FAILED || result == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) {
    co_return failed(
        Kind::refused,
        open.name + " did not accept the key " + worker::fingerprint(key.blob()) + " for the user " + open.user,
        "Put '" + key.line() +
            "' into that user's authorized_keys there; if that host takes certificates only, "
            "set `transport: openssh` for it, with an ssh_config that names the CertificateFile.");
  }
  if (result == 0) result = co_await session->open_channel(wake, deadline);
  if (result != 0) {
    const bool late = result == call_timed_out;
    co_return failed(late ? Kind::timeout : Kind::unreachable,
                     open.name + ": the login broke off. " + session->explain(result),
                     "Try again; look at the log of its sshd.");
  }
  const char* banner = libssh2_session_banner_get(raw);
  session->set_opened({show(banner != nullptr ? banner : ""), *host_key});
  co_return session;
}

}  // namespace belay::ssh
