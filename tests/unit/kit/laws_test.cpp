// Every law, under every shell.
#include "tests/unit/kit/laws.hpp"

#include <tuple>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {

namespace {

class DeadMan : public ::testing::TestWithParam<std::tuple<Law, Shell>> {};

TEST_P(DeadMan, Law) {
  KitHost host(std::get<1>(GetParam()));
  EXPECT_EQ(std::get<0>(GetParam()).broken(host), "");
}

INSTANTIATE_TEST_SUITE_P(Laws, DeadMan,
                         ::testing::Combine(::testing::ValuesIn(all_laws()), ::testing::ValuesIn(all_shells)),
                         [](const ::testing::TestParamInfo<std::tuple<Law, Shell>>& info) {
                           return std::string(std::get<0>(info.param).name) + "_" + name_of(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace belay::test
