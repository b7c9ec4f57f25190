// Another wall clock for the programs of one machine: loaded through /etc/ld.so.preload, it adds the seconds that stand
// in /etc/clock-offset to every answer about the time of day. The kernel has one wall clock for all containers, so this
// is as near as a machine of the fleet comes to a stepped clock: programs believe it, time stamps of files do not
// change, and /proc/uptime goes on as it should.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

// Read anew each time: a step is seen by programs that run already.
long offset() {
  const long fd = syscall(SYS_openat, AT_FDCWD, "/etc/clock-offset", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[32];
  const long size = syscall(SYS_read, fd, text, sizeof text);
  syscall(SYS_close, fd);
  long value = 0;
  for (long i = text[0] == '-' ? 1 : 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i)
    value = value * 10 + (text[i] - '0');
  return size > 0 && text[0] == '-' ? -value : value;
}

bool is_wall_clock(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && is_wall_clock(clock)) now->tv_sec += offset();
  return static_cast<int>(result);
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec exact{};
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  *now = {.tv_sec = exact.tv_sec, .tv_usec = exact.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
}
