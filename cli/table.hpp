// Plain tables: a header, columns as wide as they need to be, two blanks between. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/text.hpp"

namespace belay::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Cells must be safe to print. Lines end with a newline; trailing blanks are cut.
  [[nodiscard]] std::string text(const Paint& paint) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// "name     value" lines: one thing with its members.
[[nodiscard]] std::string pairs(const std::vector<std::pair<std::string, std::string>>& members, const Paint& paint);

}  // namespace belay::cli
