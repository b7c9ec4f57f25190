// Random directory trees, and an account of a tree that owes nothing to the code under test: lstat, read, listxattr.
//
// Both use raw system calls, because names and contents here are bytes of every kind. As root everything is made that
// the kernel has; as another user what that user may make. One object is for one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace belay::test {

struct Entry {
  std::string what;  // everything that must come back, in words
  std::uint64_t inode = 0;
  std::string group;  // the first name of the same file, when it has several here
};
using Account = std::map<std::string, Entry>;  // by path

struct Precision {
  bool nanoseconds = true;  // times are compared to the nanosecond, otherwise to the second
  bool attributes = true;   // ACLs and extended attributes are compared
};

// The tree below `root`, `root` itself included; empty when there is nothing.
[[nodiscard]] Account account_of(const std::string& root, Precision precision);

// The first differences in words, empty when there are none.
[[nodiscard]] std::string differences(const Account& before, const Account& now);

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // 0 … n-1
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  std::string bytes(std::size_t n);

 private:
  std::mt19937_64 engine_;
};

struct Maker {
  Dice& dice;
  bool root_user = false;
  bool attributes = true;
  bool readable = true;  // an ordinary user must be able to read what is captured; damage need not care
  std::string sentinel;  // an outside directory that links may lead to; nothing may ever change in it

  // A name, ordinary or not.
  std::string name();
  // Makes an entry of any kind at `path` (which must be free). Files made earlier may get it as another name.
  void entry(const std::string& path, int depth);
  void file(const std::string& path);
  // Mode, owner, time and attributes of any kind for what is at `path`.
  void dress(const std::string& path);

  std::vector<std::string> files;
};

}  // namespace belay::test
