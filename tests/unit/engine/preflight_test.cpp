// What a host must have, and what it can promise, from its facts alone.
#include "daemon/engine/preflight.hpp"

#include <gtest/gtest.h>

namespace belay::engine {
namespace {

using Facts = std::map<std::string, std::string>;

Facts good() {
  return {{"flock", "yes"}, {"setsid", "yes"},  {"sha256sum", "yes"}, {"tar", "gnu"},
          {"base", "ok"},   {"getfacl", "yes"}, {"getfattr", "yes"},  {"free_kib", "10485760"}};
}

Facts with(const std::string& name, const std::string& value) {
  Facts facts = good();
  facts[name] = value;
  return facts;
}

Facts without(const std::string& name) {
  Facts facts = good();
  facts.erase(name);
  return facts;
}

TEST(Preflight, AGoodHostHasNoProblem) {
  EXPECT_TRUE(problems_of(good(), 0).empty());
  EXPECT_TRUE(problems_of(with("tar", "busybox"), 1 << 20).empty());
  EXPECT_TRUE(problems_of(without("free_kib"), 1ull << 40).empty()) << "what is not known is no reason to refuse";
}

TEST(Preflight, EveryProblemSaysWhatAndWhatNext) {
  struct Case {
    Facts facts;
    std::uint64_t payload;
    const char* says;
  };
  const Case cases[] = {
      {without("flock"), 0, "the host has no flock"},
      {with("flock", "no"), 0, "the host has no flock"},
      {with("setsid", ""), 0, "the host has no setsid"},
      {with("sha256sum", "none"), 0, "the host has no sha256sum"},
      {with("tar", "none"), 0, "the host has no tar"},
      {with("base", "/var/lib/belay is on tmpfs\x1b[2J"), 0, "cannot be used: /var/lib/belay is on tmpfs\\x1b[2J"},
      {without("base"), 0, "the base directory cannot be used"},
      {with("free_kib", "65535"), 0, "63 MiB are free below the base directory, 64 MiB are needed"},
      {with("free_kib", "1048576"), 1ull << 30, "1024 MiB are free below the base directory, 2112 MiB are needed"},
      {with("free_kib", "0"), 0, "0 MiB are free"},
      {with("free_kib", "lots"), 0, "0 MiB are free"},
  };
  for (const Case& one : cases) {
    const auto problems = problems_of(one.facts, one.payload);
    ASSERT_EQ(problems.size(), 1u) << one.says;
    EXPECT_NE(problems[0].what.find(one.says), std::string::npos) << problems[0].what;
    EXPECT_FALSE(problems[0].next.empty());
  }
  EXPECT_EQ(problems_of({}, 0).size(), 5u);
}

TEST(Preflight, TwiceThePayloadAndAReserveMustBeFree) {
  EXPECT_TRUE(problems_of(with("free_kib", "65536"), 0).empty());
  EXPECT_TRUE(problems_of(with("free_kib", std::to_string(65536 + 2048)), 1 << 20).empty());
  EXPECT_FALSE(problems_of(with("free_kib", std::to_string(65536 + 2047)), 1 << 20).empty());
  EXPECT_FALSE(problems_of(good(), 1ull << 62).empty());
}

TEST(Preflight, GuaranteeClassesNameWhatIsMissing) {
  EXPECT_EQ(guarantee(good()).name, "B");
  struct Case {
    Facts facts;
    const char* why;
  };
  const Case cases[] = {{without("getfacl"), "no getfacl: ACLs cannot be kept"},
                        {with("getfattr", "no"), "no getfattr: extended attributes cannot be kept"},
                        {with("tar", "busybox"), "tar is not GNU tar: sparse files and attributes cannot be kept"}};
  for (const Case& one : cases) {
    EXPECT_EQ(guarantee(one.facts).name, "C");
    EXPECT_EQ(guarantee(one.facts).why, one.why);
  }
  EXPECT_EQ(guarantee({}).why,
            "no getfacl: ACLs cannot be kept; no getfattr: extended attributes cannot be kept; tar is not GNU tar: "
            "sparse files and attributes "
            "cannot be kept");
}

}  // namespace
}  // namespace belay::engine
