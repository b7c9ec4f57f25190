#include "daemon/store/cells.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "daemon/base/digest.hpp"

namespace belay::store {

std::string hash_cells(std::string_view domain, const Cells& cells) {
  Hasher hasher;
  hasher.update(domain);
  hasher.update("\n");
  for (const Cell& cell : cells) {
    if (const auto* number = std::get_if<long long>(&cell)) {
      hasher.update(fmt::format("i{},", *number));
    } else {
      const auto& text = std::get<std::string>(cell);
      hasher.update(fmt::format("s{}:", text.size()));
      hasher.update(text);
      hasher.update(",");
    }
  }
  return hasher.finish().hex();
}

void from_cell(const Cell& cell, RunKind& kind) {
  const auto& name = std::get<std::string>(cell);
  for (const RunKind each : {RunKind::deploy, RunKind::rehearse, RunKind::rollback, RunKind::verify}) {
    if (name == to_string(each)) {
      kind = each;
      return;
    }
  }
  throw std::runtime_error("a run of kind '" + name + "', which this build does not know");
}

}  // namespace belay::store
