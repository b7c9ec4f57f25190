// Servers that are none, or mean harm: each costs its own login, in words, and the worker goes on serving the others.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "daemon/worker/scan.hpp"
#include "tests/ssh/matrix/bench.hpp"

namespace belay::test {
namespace {

using ::testing::HasSubstr;

struct Speech {
  const char* name;
  std::string once;     // said to each that connects
  std::string forever;  // then this, again and again; empty: nothing more
  bool hang_up = false;
};

// Accepts on loopback, in a thread, and talks; never listens.
class Speaker {
 public:
  explicit Speaker(const Speech& speech) : speech_(speech), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("nothing to listen on");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Speaker() {
    stop_ = true;
    thread_.join();
    for (const int fd : clients_) close(fd);
    close(listener_);
  }
  std::uint16_t port() const { return port_; }

 private:
  void serve() {
    while (!stop_) {
      pollfd wait{listener_, POLLIN, 0};
      if (poll(&wait, 1, 1) > 0) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        (void)!send(fd, speech_.once.data(), speech_.once.size(), MSG_NOSIGNAL);
        if (speech_.hang_up) {
          close(fd);
        } else {
          clients_.push_back(fd);
        }
      }
      for (const int fd : clients_) {
        for (int i = 0; i < 64 && !speech_.forever.empty(); ++i) {
          if (send(fd, speech_.forever.data(), speech_.forever.size(), MSG_NOSIGNAL) < 0) break;
        }
      }
    }
  }

  Speech speech_;
  int listener_;
  std::uint16_t port_ = 0;
  std::vector<int> clients_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class Hostile : public ::testing::TestWithParam<std::tuple<std::string, Speech>>, protected Bench {};

TEST_P(Hostile, CostsOneLogin) {
  const auto& [transport, speech] = GetParam();
  Sshd sshd;
  const auto good = login(address(sshd, transport), sshd.key());
  const pid_t worker = pool().workers().at(0);
  const auto before = status_kib(worker, "VmHWM");
  Speaker speaker(speech);
  const auto opened = open(address(sshd, transport, speaker.port()), sshd.key(), std::chrono::milliseconds(1500));
  ASSERT_FALSE(opened.has_value());
  EXPECT_TRUE(opened.error().kind == Kind::unreachable || opened.error().kind == Kind::timeout ||
              opened.error().kind == Kind::refused)
      << opened.error().text();
  EXPECT_EQ(opened.error().text().find('\x1b'), std::string::npos);
  EXPECT_LT(status_kib(worker, "VmHWM") - before, 64 * 1024);
  EXPECT_TRUE(exec(good, "true").ok()) << "its neighbour does not notice";
}

class HostileScan : public ::testing::TestWithParam<Speech> {};

TEST_P(HostileScan, EndsInWords) {
  Speaker speaker(GetParam());
  const auto scan = scan_host_keys(BELAY_WORKER_DIR, "127.0.0.1", speaker.port(), std::chrono::seconds(1));
  ASSERT_FALSE(scan.has_value());
  EXPECT_FALSE(scan.error().what.empty());
  EXPECT_EQ(scan.error().text().find('\x1b'), std::string::npos);
}

const std::string banner = "SSH-2.0-Evil\r\n";

const Speech speeches[] = {
    {"silence", "", ""},
    {"hangs_up", "", "", true},
    {"http", "HTTP/1.1 400 Bad Request\r\n\r\n", "", true},
    {"endless_lines", "", std::string(1000, 'x') + "\n"},
    {"endless_line", "", std::string(1000, 'x')},
    {"escape_codes", "\x1b]0;owned\x07\x1b[2J\r\n", "", true},
    {"nul_bytes", std::string(100, '\0'), ""},
    {"ssh_1", "SSH-1.5-old\r\n", ""},
    {"banner_then_silence", banner, ""},
    {"banner_then_hangs_up", banner, "", true},
    {"banner_then_noise", banner, std::string(4096, '\xff')},
    {"banner_then_zeros", banner, std::string(4096, '\0')},
    {"four_gigabyte_packet", banner + std::string("\xff\xff\xff\xfc\x04", 5), std::string(4096, 'x')},
    {"largest_packet_of_nothing", banner + std::string("\0\0\x9c\x3c\x04\x14", 6), ""},
    {"endless_ignores", banner, std::string("\0\0\0\x0c\x06\x02\0\0\0\0xxxxxx", 16)},
};

INSTANTIATE_TEST_SUITE_P(All, Hostile,
                         ::testing::Combine(::testing::Values("ssh", "openssh"), ::testing::ValuesIn(speeches)),
                         [](const auto& tested) {
                           return fmt::format("{}_{}", std::get<0>(tested.param), std::get<1>(tested.param).name);
                         });

INSTANTIATE_TEST_SUITE_P(All, HostileScan, ::testing::ValuesIn(speeches),
                         [](const auto& tested) { return tested.param.name; });

TEST(Scan, ShowsEachKeyAsSshKeygenWould) {
  const Sshd sshd({.host_keys = {"ed25519", "ecdsa", "rsa"}});
  const auto scan = scan_host_keys(BELAY_WORKER_DIR, "127.0.0.1", sshd.port(), std::chrono::seconds(30));
  ASSERT_TRUE(scan.has_value()) << scan.error().text();
  EXPECT_THAT(scan->server, HasSubstr("SSH-2.0-OpenSSH"));
  std::vector<std::string> lines;
  std::vector<std::string> fingerprints;
  for (const auto& key : scan->keys) {
    lines.push_back(key.line);
    fingerprints.push_back(key.fingerprint);
    EXPECT_TRUE(key.line.starts_with(key.type + " "));
  }
  EXPECT_THAT(lines, ::testing::UnorderedElementsAreArray(sshd.host_keys()));
  EXPECT_THAT(fingerprints,
              ::testing::UnorderedElementsAre(sshd.fingerprint(0), sshd.fingerprint(1), sshd.fingerprint(2)));
}

TEST(Scan, WorksWhereLibssh2WouldNot) {
  for (const char* line : {"Ciphers chacha20-poly1305@openssh.com", "MACs hmac-sha2-512-etm@openssh.com",
                           "KexAlgorithms ecdh-sha2-nistp256", "KexAlgorithms diffie-hellman-group14-sha256"}) {
    const Sshd sshd({.host_keys = {"ecdsa"}, .config = {line}});
    const auto scan = scan_host_keys(BELAY_WORKER_DIR, "localhost", sshd.port(), std::chrono::seconds(30));
    ASSERT_TRUE(scan.has_value()) << line << ": " << scan.error().text();
    ASSERT_EQ(scan->keys.size(), 1U) << line;
    EXPECT_EQ(scan->keys[0].line, sshd.host_keys()[0]) << line;
  }
}

TEST(Scan, SaysWhyNot) {
  const auto nobody = scan_host_keys(BELAY_WORKER_DIR, "127.0.0.1", free_port(), std::chrono::seconds(30));
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind, Kind::unreachable);
  for (const char* evil : {"-oProxyCommand=reboot", "a b", "$(reboot)", ""}) {
    EXPECT_FALSE(scan_host_keys(BELAY_WORKER_DIR, evil, 22, std::chrono::seconds(5)).has_value()) << evil;
  }
  const auto missing = scan_host_keys("/nonexistent", "127.0.0.1", 22, std::chrono::seconds(5));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, Kind::not_found);
}

// In builds without a sanitizer the key is only ever used inside the cage.
TEST(Worker, IsLockedDownBeforeItTalksToAnyone) {
  Bench bench;
  Sshd sshd;
  const auto connection = bench.login(Bench::address(sshd, "ssh"), sshd.key());
  const pid_t worker = bench.pool().workers().at(0);
  std::ifstream in(fmt::format("/proc/{}/status", worker));
  std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
  EXPECT_THAT(all, HasSubstr("Seccomp:\t0"));
#else
  EXPECT_THAT(all, HasSubstr("Seccomp:\t2"));
  EXPECT_THAT(all, HasSubstr("NoNewPrivs:\t1"));
#endif
}

}  // namespace
}  // namespace belay::test
