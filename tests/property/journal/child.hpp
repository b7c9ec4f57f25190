// Starts journal_child and hears what it acknowledged. One thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace belay::store::testing {

class Child {
 public:
  Child(const std::filesystem::path& state, const std::string& run, const std::vector<std::string>& more = {});
  ~Child();  // kills it if it still runs
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Reads until `count` appends were acknowledged or `milliseconds` passed or the child is gone.
  void listen(std::size_t count, int milliseconds);
  // SIGKILL; then reads what it still had acknowledged.
  void kill();
  // Waits for its own end; the status of waitpid.
  int wait();

  [[nodiscard]] const std::map<unsigned long, std::string>& acknowledged() const { return acknowledged_; }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  bool read_some(int milliseconds);  // false at the end of its output
  void drain();

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string partial_;
  std::map<unsigned long, std::string> acknowledged_;  // sequence number -> note
  std::string complaint_;                              // its stderr
};

}  // namespace belay::store::testing
