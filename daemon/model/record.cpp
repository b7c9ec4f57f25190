#include "daemon/model/record.hpp"

namespace belay {

std::string_view to_string(RunKind kind) {
  switch (kind) {
    case RunKind::deploy:
      return "deploy";
    case RunKind::rehearse:
      return "rehearse";
    case RunKind::rollback:
      return "rollback";
    case RunKind::verify:
      return "verify";
  }
  return "?";
}

}  // namespace belay
