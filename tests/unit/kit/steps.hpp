// Short ways to say what the tests of the kit do again and again. Each checks what it does and fails the test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/support/kit_host/kit_host.hpp"

namespace belay::test {

class KitTest : public ::testing::TestWithParam<Shell> {
 protected:
  // Stages one step and takes its snapshot.
  void prepare(int step, const Step& what);
  // The same, and applies it with a minute of time; returns the answer to apply.
  Reply apply(int step, const Step& what);
  // Restores a step, settles it and compares its manifest with its snapshot.
  void roll_back(int step);
  // plan.sh's items for a step.
  std::string plan(const Step& what);

  [[nodiscard]] std::string live(const std::string& name) const { return (host_.live() / name).string(); }
  // A step of `command` that touches `path`; the words are its argv.
  [[nodiscard]] static Step command(const std::vector<std::string>& argv, const std::string& path = "");

  KitHost host_{GetParam()};
};

// argv as list parameter NAME.
[[nodiscard]] Params words(const std::string& name, const std::vector<std::string>& argv);

// Asks until it is true; fails the test when it is not for half a minute.
void wait_for(const std::function<bool()>& condition, const std::string& what);

[[nodiscard]] std::string shell_name(const ::testing::TestParamInfo<Shell>& info);

}  // namespace belay::test
