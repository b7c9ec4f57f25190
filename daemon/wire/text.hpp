// What any text a person hands us must be before a parser sees it: UTF-8, no byte order mark, no control characters but
// tab and line ends, not larger than allowed (threats F-54). One sentence says which, with line and column.
//
// Pure; total over bytes. Safe from every thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"

namespace belay::wire {

// Kind::invalid otherwise. CR is accepted in front of LF only.
[[nodiscard]] Result<void> check_text(std::string_view bytes, const std::string& file, std::size_t max_bytes);

// Turns byte offsets of one text into places. Columns count characters (code points) from 1. Remembers the last offset,
// so that asking in rising order costs one pass even through a line of a megabyte; so it belongs to one thread.
class Lines {
 public:
  Lines(std::string_view text, std::string file);
  [[nodiscard]] Place at(std::size_t offset);

 private:
  std::string_view text_;
  std::string file_;
  std::vector<std::size_t> starts_;
  std::size_t last_offset_ = 0;
  int last_column_ = 1;
};

}  // namespace belay::wire
