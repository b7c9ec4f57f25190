#include "daemon/port/transport.hpp"

namespace belay::port {

std::string_view to_string(ExecResult::End end) {
  switch (end) {
    case ExecResult::End::exited:
      return "exited";
    case ExecResult::End::signalled:
      return "signalled";
    case ExecResult::End::lost:
      return "lost";
    case ExecResult::End::timed_out:
      return "timed out";
  }
  return "lost";
}

}  // namespace belay::port
