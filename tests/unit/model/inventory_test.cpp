// The narrow alphabets that keep hostile names from becoming options or shell text, and the rules a tier ships with.
#include <gtest/gtest.h>

#include "daemon/model/inventory.hpp"

namespace belay {
namespace {

TEST(Inventory, Names) {
  for (const std::string& good :
       {std::string("a"), std::string("web-1.example_x"), std::string("9"), std::string(64, 'a')})
    EXPECT_TRUE(valid_name(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string("-a"), std::string(".a"), std::string("_a"),
        std::string("a b"), std::string("a/b"), std::string("a\n"), std::string("a\0b", 3), std::string("\xc3\xa4"),
        std::string("$(x)"), std::string("-oProxyCommand=x"), std::string("a;b"), std::string("a:b")})
    EXPECT_FALSE(valid_name(bad)) << bad;
}

TEST(Inventory, Paths) {
  for (const std::string& good : {std::string("/a"), std::string("/var/lib/belay"), std::string("/a.b/c_d-e"),
                                  std::string("/..."), "/" + std::string(199, 'a')})
    EXPECT_TRUE(valid_path(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("/"), std::string("a"), std::string("/a/"), std::string("//a"), std::string("/a//b"),
        std::string("/."), std::string("/.."), std::string("/a/../b"), std::string("/a/."), std::string("/a b"),
        std::string("/a\n"), std::string("/a;b"), std::string("/$HOME"), std::string("/a\0", 3), std::string("/~"),
        std::string("/\xff"), "/" + std::string(200, 'a')})
    EXPECT_FALSE(valid_path(bad)) << bad;
}

TEST(Inventory, Addresses) {
  for (const std::string& good : {std::string("web1"), std::string("10.0.0.1"), std::string("fe80::1"),
                                  std::string("a_b.example"), std::string("::1"), std::string(253, 'a')})
    EXPECT_TRUE(valid_address(good)) << good;
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string("a b"), std::string("a/b"), std::string("user@host"),
        std::string("a\n"), std::string("[::1]"), std::string("a%eth0"), std::string(254, 'a'), std::string("\xff")})
    EXPECT_FALSE(valid_address(bad)) << bad;
}

TEST(Inventory, TiersAndTheirShippedRules) {
  EXPECT_EQ(to_string(Tier::development), "development");
  EXPECT_EQ(to_string(Tier::test), "test");
  EXPECT_EQ(to_string(Tier::production), "production");
  struct Case {
    Tier tier;
    bool signature, rehearsal, refuse_drift, allow_irreversible, direct;
  };
  const Case cases[] = {{Tier::development, false, false, false, true, true},
                        {Tier::test, true, false, false, true, true},
                        {Tier::production, true, true, true, false, false}};
  for (const Case& one : cases) {
    const Rules rules = default_rules(one.tier);
    EXPECT_EQ(rules.signature, one.signature);
    EXPECT_EQ(rules.rehearsal, one.rehearsal);
    EXPECT_EQ(rules.refuse_drift, one.refuse_drift);
    EXPECT_EQ(rules.allow_irreversible, one.allow_irreversible);
    EXPECT_EQ(rules.direct, one.direct);
  }
}

}  // namespace
}  // namespace belay
