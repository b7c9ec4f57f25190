// Schema: a JSON Schema (draft 7), compiled once, and findings in sentences with the place of the offending node.
//
// valijson decides what is valid; this module only says it well: which value, where, what was expected. A schema may
// help with the keyword `x-says` (beside `pattern`, `enum` or `type`): the words for what is expected, "a version such
// as 1.4.2". A schema is trusted in what it means, not in what it costs: text under a `pattern` is at most 1024
// characters, because std::regex recurses per character. References stay within the schema. A compiled Schema is
// immutable: share it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/error.hpp"
#include "daemon/model/finding.hpp"
#include "daemon/model/value.hpp"

namespace belay::wire {

class Schema {
 public:
  // `name` is the schema's own file name, for the error. Kind::invalid when it is no JSON, or no JSON Schema.
  static Result<Schema> compile(std::string_view text, const std::string& name);

  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  // Empty when `value` is valid. All are errors with rule "schema", in the order of the file. A node without a place
  // (line 0) gives findings without one.
  [[nodiscard]] Findings check(const Value& value) const;

  // The keyword `keyword` of the schema of property `name` of the root, as text; empty when there is none. For
  // annotations such as x-belay.
  [[nodiscard]] std::string annotation(std::string_view name, std::string_view keyword) const;

 private:
  struct Parts;
  explicit Schema(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// The finding as an Error (Kind::invalid), for callers that stop at the first.
[[nodiscard]] Error to_error(const Finding& finding);

// The candidate nearest to `word` by edit distance, empty when none is near: "did you mean".
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace belay::wire
