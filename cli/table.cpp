#include "cli/table.hpp"

#include <algorithm>

namespace belay::cli {
namespace {

std::string line_of(const std::vector<std::string>& cells, const std::vector<int>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += "  ";
    line += i + 1 == cells.size() ? cells[i] : fit(cells[i], widths[i]);
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

std::string Table::text(const Paint& paint) const {
  std::vector<int> widths(header_.size(), 0);
  for (std::size_t i = 0; i < header_.size(); ++i) widths[i] = width_of(header_[i]);
  for (const auto& cells : rows_) {
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(cells[i]));
  }
  std::string out = paint(Colour::bold, line_of(header_, widths)) + '\n';
  for (const auto& cells : rows_) out += line_of(cells, widths) + '\n';
  return out;
}

std::string pairs(const std::vector<std::pair<std::string, std::string>>& members, const Paint& paint) {
  int width = 0;
  for (const auto& [name, value] : members) width = std::max(width, width_of(name));
  std::string out;
  for (const auto& [name, value] : members) {
    if (!value.empty()) out += paint(Colour::bold, fit(name, width)) + "  " + value + '\n';
  }
  return out;
}

}  // namespace belay::cli
