// Two fences at one instant: whatever their order, the epoch of the host never goes back.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/kit_host/kit_host.hpp"
#include "tests/support/kit_host/patience.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

class FenceTest : public ::testing::TestWithParam<Shell> {
 protected:
  KitHost host_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Shells, FenceTest, ::testing::ValuesIn(all_shells),
                         [](const auto& info) { return std::string(name_of(info.param)); });

// The late one is held at the very rename that would make its epoch the host's.
TEST_P(FenceTest, ALateOneDoesNotTakeTheEpochBack) {
  ASSERT_EQ(host_.leash("fence 1").end, 0);
  const fs::path held = host_.root() / "held";
  const fs::path go = host_.root() / "go";
  const fs::path mv = host_.fake_tools() / "mv";
  fs::create_directories(host_.fake_tools());
  write_file(mv, "#!/bin/sh\ncase \"$4 $(cat \"$3\")\" in */epoch\\ 5)\n: >'" + held.string() + "'\nwhile [ ! -e '" +
                     go.string() + "' ]; do sleep 0.05; done;; esac\nexec /bin/mv \"$@\"\n");
  fs::permissions(mv, fs::perms(0755));
  auto late = host_.start("fence 5");
  ASSERT_TRUE(came_true([&] { return fs::exists(held); }));
  auto newer = host_.start("fence 7");
  // Time for a fence that nothing holds up; one that waits for its turn is let go after it.
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (read_file(host_.base() / "epoch") != "7\n" && std::chrono::steady_clock::now() < enough)
    let_run(std::chrono::milliseconds(20));
  write_file(go, "");
  late->finish();
  newer->finish();
  EXPECT_EQ(read_file(host_.base() / "epoch"), "7\n");
  EXPECT_EQ(host_.leash("fence 6").end, 76);
}

}  // namespace
}  // namespace belay::test
