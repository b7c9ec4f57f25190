#include "daemon/model/plan.hpp"

namespace belay {

std::string_view to_string(WayBack way) {
  switch (way) {
    case WayBack::nothing:
      return "nothing to undo";
    case WayBack::snapshot:
      return "snapshot";
    case WayBack::undo:
      return "undo";
    case WayBack::none:
      return "none";
  }
  return "?";
}

}  // namespace belay
