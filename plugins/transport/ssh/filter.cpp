#include "plugins/transport/ssh/filter.hpp"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>

namespace belay::ssh {

namespace {

// Reading, writing and waiting on what is open; memory; time; ending.
constexpr int plain[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(connect),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockname),
    SCMP_SYS(fcntl),
    SCMP_SYS(ioctl),
    SCMP_SYS(dup),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

}  // namespace

bool lock_down_by_default() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
  return false;
#endif
#endif
  return true;
}

Result<void> lock_down() {
  const auto refused = [](const char* what, int error) {
    return fail(Kind::io, std::string("belay-ssh cannot lock itself down (") + what + "): " + strerror(error),
                "Run it on a kernel with seccomp filters.");
  };
  // Not dumpable: no core file, and no ptrace by the same account. (A resource limit would do less, and belayd's own
  // filter forbids setting one.)
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return refused("ptrace", errno);
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (!filter) return refused("filter", ENOMEM);
  int error = 0;
  for (const int call : plain) {
    if (error == 0) error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  }
  // Conditions on one argument.
  const auto when = [&](int call, unsigned argument, scmp_compare compare, std::uint64_t a, std::uint64_t b) {
    const scmp_arg_cmp condition{argument, compare, a, b};
    if (error == 0) error = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 1, &condition);
  };
  when(SCMP_SYS(socket), 0, SCMP_CMP_EQ, AF_INET, 0);
  when(SCMP_SYS(socket), 0, SCMP_CMP_EQ, AF_INET6, 0);
  when(SCMP_SYS(mmap), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  when(SCMP_SYS(mprotect), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return refused("seccomp", -error);
  return {};
}

}  // namespace belay::ssh
