// Reads YAML written by people into a Value tree, with the place of every node.
//
// A guarded subset of YAML 1.2: one document; maps with unique text keys, lists, scalars. Refused with line and column:
// anchors, aliases, tags, merge keys, directives, duplicate keys, a second document, text that check_text() refuses,
// and whatever goes beyond the limits (threats F-54; yaml-cpp's CVE-2017-5950, 2018-20573, 2019-6292 were stack
// exhaustion).
//
// Only plain `true`, `false`, `null`, `~`, nothing, and numbers are typed, and a number only when writing it out again
// gives the same characters: 640 and 1.5 are numbers; yes, True, 0640, 0o7, 1e3, 1.10 and .inf are text, as is
// everything quoted. So nothing a person wrote is ever lost by reading it.
//
// Pure, no exceptions leave it. Kind::invalid with a place, always. Safe from every thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "daemon/base/error.hpp"
#include "daemon/model/value.hpp"

namespace belay::wire {

struct YamlLimits {
  std::size_t bytes = 1 << 20;
  std::size_t depth = 32;  // the root is at depth 1
  std::size_t nodes = 50'000;
  std::size_t key_bytes = 1024;
};

// `file` is only used in places. An empty file is a null Value.
[[nodiscard]] Result<Value> read_yaml(std::string_view bytes, const std::string& file, const YamlLimits& limits = {});

// A plain (unquoted) scalar as the reader types it. Exposed for the tests of the typing rule.
[[nodiscard]] Value plain_scalar(std::string_view text);

}  // namespace belay::wire
