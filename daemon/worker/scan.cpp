#include "daemon/worker/scan.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "daemon/base/escape.hpp"

namespace belay {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::size_t most_output = 1024 * 1024;

// Standard output of the program until it ends it; kills it at the deadline.
Result<std::string> output_of(const std::vector<std::string>& argv, Clock::time_point deadline) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(Kind::io, std::string("no pipe: ") + strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::string path = "PATH=/usr/bin:/bin";
  std::array<char*, 2> environment{path.data(), nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, words[0], &actions, nullptr, words.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return fail(error == ENOENT ? Kind::not_found : Kind::io, argv[0] + " cannot be run: " + strerror(error),
                "Install Belay completely, or correct the directory of workers in the configuration.");
  }
  std::string output;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{ends[0], POLLIN, 0};
    if (left <= 0 || (poll(&wait, 1, static_cast<int>(left)) <= 0 && errno != EINTR)) break;
    std::array<char, 16384> buffer;
    const auto got = read(ends[0], buffer.data(), buffer.size());
    if (got <= 0 || output.size() > most_output) break;
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  close(ends[0]);
  // It has said all it had to, or too much, or nothing in time.
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return output;
}

std::string text(const Json& json, const char* name) {
  const auto it = json.find(name);
  return it != json.end() && it->is_string() ? show(it->get<std::string>().substr(0, 16384)) : std::string();
}

Kind kind_of(const std::string& name) {
  for (const Kind kind : {Kind::invalid, Kind::refused, Kind::timeout, Kind::io}) {
    if (to_string(kind) == name) return kind;
  }
  return Kind::unreachable;
}

}  // namespace

Result<HostScan> scan_host_keys(const std::filesystem::path& programs, const std::string& host, std::uint16_t port,
                                std::chrono::seconds patience) {
  const std::string place = show(host) + " port " + std::to_string(port);
  // A host named like an option is for belay-ssh to refuse; behind --scan nothing is one.
  BELAY_TRY(const std::string output, output_of({(programs / "belay-ssh").string(), "--scan", host,
                                                 std::to_string(port), std::to_string(patience.count())},
                                                Clock::now() + patience + std::chrono::seconds(1)));
  const Json json = Json::parse(output, nullptr, false);
  if (!json.is_object()) {
    return fail(Kind::invalid, place + " cannot be scanned: no such host name or port, or no answer",
                "Give a host name or address, and a port from 1 to 65535.");
  }
  if (const auto error = json.find("error"); error != json.end() && error->is_object()) {
    return fail(kind_of(text(*error, "kind")), text(*error, "what"), text(*error, "next"));
  }
  HostScan scan;
  scan.server = text(json, "server");
  for (const Json& offer : json.value("offers", Json::array())) {
    if (offer.is_string()) scan.offers.push_back(show(offer.get<std::string>()));
  }
  for (const Json& key : json.value("keys", Json::array())) {
    if (key.is_object()) scan.keys.push_back({text(key, "type"), text(key, "key"), text(key, "fingerprint")});
  }
  return scan;
}

}  // namespace belay
