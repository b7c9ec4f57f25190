// The cage, tried from the inside: a child locks itself down and then tries what a taken-over worker would try.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "plugins/transport/ssh/filter.hpp"

namespace belay::ssh {
namespace {

// Raw system calls: neither libc nor a sanitizer's runtime stands in between.
bool denied(long result) { return result == -1 && errno == EPERM; }

// The number of the first thing that was not as it should be, 0 when all was; 100 when the cage could not be closed.
int try_everything() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 99;
  if (!lock_down()) return 100;
  if (!denied(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0))) return 1;
  if (!denied(syscall(SYS_openat, AT_FDCWD, "/tmp/x", O_WRONLY | O_CREAT, 0600))) return 2;
  if (!denied(syscall(SYS_execve, "/bin/sh", nullptr, nullptr))) return 3;
  if (!denied(syscall(SYS_fork))) return 4;
  if (!denied(syscall(SYS_kill, getppid(), 0))) return 5;
  if (!denied(syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0))) return 6;
  if (!denied(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0))) return 7;
  if (!denied(syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0))) return 8;
  if (!denied(syscall(SYS_bind, pair[0], nullptr, 0))) return 9;
  if (!denied(syscall(SYS_unlink, "/tmp/x"))) return 10;
  if (!denied(syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) return 11;
  if (!denied(syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0))) return 12;
  if (!denied(syscall(SYS_setuid, 0))) return 13;
  // And what it needs still works.
  if (syscall(SYS_write, pair[0], "x", 1) != 1) return 20;
  char byte = 0;
  if (syscall(SYS_read, pair[1], &byte, 1) != 1) return 21;
  if (syscall(SYS_socket, AF_INET, SOCK_STREAM, 0) < 0) return 22;
  if (syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1) return 23;
  return 0;
}

TEST(Cage, HoldsAndLeavesRoomToWork) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(try_everything());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << status;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Cage, AllowsNoCoreDump) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!lock_down()) _exit(100);
    // prctl itself is outside the cage now.
    if (!denied(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0))) _exit(1);
    if (!denied(syscall(SYS_prlimit64, 0, RLIMIT_CORE, nullptr, nullptr))) _exit(2);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

}  // namespace
}  // namespace belay::ssh
