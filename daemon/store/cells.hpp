// A row of any table as a list of cells, and the one canonical encoding that is hashed.
//
// The hash of a row is stored beside it and checked whenever it is read: a flipped bit or an edit by hand is found,
// never believed. Pure; any thread.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "daemon/model/record.hpp"

namespace belay::store {

using Cell = std::variant<long long, std::string>;
using Cells = std::vector<Cell>;

// SHA-256 in hex over `domain`, a line feed, and per cell `i<decimal>,` or `s<bytes>:<the bytes>,`: no two lists of
// cells have the same encoding.
[[nodiscard]] std::string hash_cells(std::string_view domain, const Cells& cells);

template <class T, class Row>
concept Is = std::same_as<std::remove_const_t<T>, Row>;

// The fields of a row in the order of its table's columns (rows.hpp).
auto fields(Is<RunRow> auto& r) {
  return std::tie(r.id, r.kind, r.application, r.version, r.environment, r.package, r.plan, r.of, r.actor, r.reason,
                  r.state, r.outcome, r.exit_code, r.created_ms, r.ended_ms);
}
auto fields(Is<PackageRow> auto& r) {
  return std::tie(r.digest, r.application, r.version, r.signer, r.key, r.size, r.received_ms);
}
auto fields(Is<BaselineRow> auto& r) {
  return std::tie(r.application, r.environment, r.version, r.package, r.run, r.previous_run, r.manifest, r.portable,
                  r.at_ms, r.current);
}
auto fields(Is<EvidenceRow> auto& r) {
  return std::tie(r.kind, r.package, r.plan_template, r.environment, r.run, r.passed, r.detail, r.at_ms);
}
auto fields(Is<BlockRow> auto& r) {
  return std::tie(r.package, r.environment, r.run, r.reason, r.at_ms, r.lifted_by, r.lift_reason, r.lifted_ms);
}
auto fields(Is<HostRow> auto& r) { return std::tie(r.name, r.environment, r.detail); }

inline Cell to_cell(const std::string& text) { return text; }
inline Cell to_cell(RunKind kind) { return std::string(to_string(kind)); }
Cell to_cell(std::integral auto number) { return static_cast<long long>(number); }

// They throw std::bad_variant_access or std::runtime_error when a cell cannot be the field's value.
inline void from_cell(const Cell& cell, std::string& text) { text = std::get<std::string>(cell); }
void from_cell(const Cell& cell, RunKind& kind);
inline void from_cell(const Cell& cell, bool& value) { value = std::get<long long>(cell) != 0; }
void from_cell(const Cell& cell, std::integral auto& number) {
  number = static_cast<std::remove_reference_t<decltype(number)>>(std::get<long long>(cell));
}

template <class Row>
Cells to_cells(const Row& row) {
  return std::apply([](const auto&... field) { return Cells{to_cell(field)...}; }, fields(row));
}

// `cells` has exactly as many cells as the row has fields.
template <class Row>
Row from_cells(const Cells& cells) {
  Row row;
  std::size_t next = 0;
  std::apply([&](auto&... field) { (from_cell(cells.at(next++), field), ...); }, fields(row));
  return row;
}

}  // namespace belay::store
