// Runs programs for end-to-end tests: what they print is captured in files, so neither side can block the other.
//
// A Child that is still running when it goes is killed and reaped. Failure to start is exit code 127. One thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace belay::test {

struct Outcome {
  int code = -1;  // exit status, or 128 + signal
  std::string out;
  std::string err;
  // Everything it said, for messages and for searching.
  [[nodiscard]] std::string all() const { return out + err; }
};

using Words = std::vector<std::string>;

class Child {
 public:
  // `environment` holds NAME=VALUE words and is all the child gets; output goes to `out` and `err`, appended.
  Child(const Words& argv, const Words& environment, const std::filesystem::path& out,
        const std::filesystem::path& err);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void send(int signal) const;
  // Waits for the end, at most five minutes (then it is killed: code 137), and reads what was printed.
  Outcome finish();

 private:
  pid_t pid_ = -1;
  int code_ = -1;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

// Polls until `condition` holds; false when it did not within two minutes.
[[nodiscard]] bool until(const std::function<bool()>& condition);

// True while the process can still do something: one that has ended and was not collected yet cannot.
[[nodiscard]] bool lives(pid_t pid);

[[nodiscard]] std::string slurp(const std::filesystem::path& path);
// Makes missing directories above it.
void spill(const std::filesystem::path& path, const std::string& bytes);

}  // namespace belay::test
