#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

constexpr int patience_ms = 60'000;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The end of a chunked body, or npos while it is not all there; the plain body goes to `out`.
std::size_t dechunk(const std::string& text, std::size_t at, std::string& out) {
  out.clear();
  for (;;) {
    const std::size_t line = text.find("\r\n", at);
    if (line == std::string::npos) return line;
    const std::size_t size = std::stoul(text.substr(at, line - at), nullptr, 16);
    at = line + 2;
    if (text.size() < at + size + 2) return std::string::npos;
    out += text.substr(at, size);
    at += size + 2;
    if (size == 0) return at;
  }
}

}  // namespace

Client::Client(const std::string& socket) {
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket.c_str(), socket.size() + 1);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Client::Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), rest_(std::move(other.rest_)) {}

bool Client::send(const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t sent = ::send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += static_cast<std::size_t>(sent);
  }
  return true;
}

std::string Client::read(const std::function<bool(const std::string&)>& enough) {
  while (!enough || !enough(rest_)) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, patience_ms) <= 0) break;
    char piece[65536];
    const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
    if (got <= 0) break;
    rest_.append(piece, static_cast<std::size_t>(got));
  }
  return rest_;
}

Answer Client::answer() {
  Answer answer;
  const std::string head_text =
      read([](const std::string& text) { return text.find("\r\n\r\n") != std::string::npos; });
  const std::size_t end = head_text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.status = std::stoi(head_text.substr(9, 3));
  for (std::size_t at = head_text.find("\r\n") + 2; at < end + 2;) {
    const std::size_t line = head_text.find("\r\n", at);
    const std::size_t colon = head_text.find(':', at);
    answer.fields[lower(head_text.substr(at, colon - at))] = head_text.substr(colon + 2, line - colon - 2);
    at = line + 2;
  }
  std::size_t used = end + 4;
  if (answer.fields.contains("transfer-encoding")) {
    const std::string all =
        read([&](const std::string& text) { return dechunk(text, end + 4, answer.body) != std::string::npos; });
    used = std::min(dechunk(all, end + 4, answer.body), all.size());
  } else if (answer.fields.contains("content-length")) {
    const std::size_t size = std::stoul(answer.fields["content-length"]);
    const std::string all = read([&](const std::string& text) { return text.size() >= end + 4 + size; });
    answer.body = all.substr(end + 4, size);
    used = std::min(end + 4 + size, all.size());
  }
  rest_.erase(0, used);
  if (answer.status == 100) return this->answer();
  return answer;
}

bool Client::closed() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
  while (std::chrono::steady_clock::now() < end) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, patience_ms) <= 0) return false;
    char piece[65536];
    const ssize_t got = ::recv(fd_, piece, sizeof piece, 0);
    if (got <= 0) return true;
    rest_.append(piece, static_cast<std::size_t>(got));
  }
  return false;
}

std::string request(const std::string& method, const std::string& target, const std::string& body,
                    const std::string& fields) {
  std::string text = method + ' ' + target + " HTTP/1.1\r\nHost: belay\r\n" + fields;
  if (!body.empty() || method != "GET") text += fmt::format("Content-Length: {}\r\n", body.size());
  if (!body.empty() && fields.find("Content-Type") == std::string::npos) text += "Content-Type: application/json\r\n";
  return text + "\r\n" + body;
}

Answer ask(const Daemon& daemon, const std::string& method, const std::string& target, const std::string& body,
           const std::string& fields) {
  Client client(daemon.socket());
  client.send(request(method, target, body, fields));
  return client.answer();
}

}  // namespace belay::api::test
