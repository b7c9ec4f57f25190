// MasterLog: what the ssh that keeps a connection says on its standard error, read as it comes.
//
// ssh exits with 255 for a command that exited with 255, for one that a signal ended, and for a broken connection. Its
// log tells the three apart: it names the channel request by which the server reported the end, before the client of
// that command hears of it. One thread.
#pragma once

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "belay/signal.hpp"

namespace belay::openssh {

class MasterLog : public std::enable_shared_from_this<MasterLog> {
 public:
  // `fd` is duplicated. `news` (which must outlive watch()…forget()) is notified with every line.
  // `socket`: the control socket, by which the ssh that listens on it is told from the one of a jump host, which says
  // the same things in the same place.
  MasterLog(const boost::asio::any_io_executor& executor, int fd, std::string socket);
  void watch();
  void stop();
  void notify(Signal* news) { news_ = news; }

  // Takes in what is there now, without waiting.
  void drain();

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] bool exit_status_seen() const { return exit_status_; }
  [[nodiscard]] bool exit_signal_seen() const { return exit_signal_; }
  void expect_exit() { exit_status_ = exit_signal_ = false; }
  // "OpenSSH_9.2p1 …" and "ssh-ed25519 SHA256:…", once known.
  [[nodiscard]] const std::string& server() const { return server_; }
  [[nodiscard]] const std::string& host_key() const { return host_key_; }
  // The last lines that are not debugging, joined by line feeds.
  [[nodiscard]] std::string messages() const;

 private:
  void read();
  void take(std::string_view bytes);
  void line(std::string_view text);

  boost::asio::posix::stream_descriptor pipe_;
  std::string socket_;
  Signal* news_ = nullptr;
  std::array<char, 4096> buffer_{};
  std::string partial_;
  std::deque<std::string> messages_;
  std::string server_;
  std::string host_key_;
  bool ready_ = false;
  bool exit_status_ = false;
  bool exit_signal_ = false;
};

}  // namespace belay::openssh
