// A unified diff of two texts, for people. Pure.
//
// Empty when they are equal, or when either is not text (a NUL byte, broken UTF-8). Lines are escaped for showing;
// `name` is shown as it is: the caller has escaped it.
#pragma once

#include <string>
#include <string_view>

namespace belay::engine {

[[nodiscard]] std::string text_diff(std::string_view before, std::string_view after, const std::string& name);

}  // namespace belay::engine
