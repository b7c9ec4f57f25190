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
  EXPECT_TRUE(problems_of(good(), 0, 0).empty());
  EXPECT_TRUE(problems_of(with("tar", "busybox"), 1 << 20, 0).empty());
  EXPECT_TRUE(problems_of(without("free_kib"), 1ull << 40, 0).empty()) << "what is not known is no reason to refuse";
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
    const auto problems = problems_of(one.facts, one.payload, 0);
    ASSERT_EQ(problems.size(), 1u) << one.says;
    EXPECT_NE(problems[0].what.find(one.says), std::string::npos) << problems[0].what;
    EXPECT_FALSE(problems[0].next.empty());
  }
  EXPECT_EQ(problems_of({}, 0, 0).size(), 5u);
}

TEST(Preflight, TwiceThePayloadAndAReserveMustBeFree) {
  EXPECT_TRUE(problems_of(with("free_kib", "65536"), 0, 0).empty());
  EXPECT_TRUE(problems_of(with("free_kib", std::to_string(65536 + 2048)), 1 << 20, 0).empty());
  EXPECT_FALSE(problems_of(with("free_kib", std::to_string(65536 + 2047)), 1 << 20, 0).empty());
  EXPECT_FALSE(problems_of(good(), 1ull << 62, 0).empty());
}

TEST(Preflight, GuaranteeClassesNameWhatIsMissing) {
  EXPECT_EQ(guarantee(good(), 120).name, "B");
  struct Case {
    Facts facts;
    const char* why;
  };
  const Case cases[] = {{without("getfacl"), "no getfacl: ACLs cannot be kept"},
                        {with("getfattr", "no"), "no getfattr: extended attributes cannot be kept"},
                        {with("tar", "busybox"), "tar is not GNU tar: sparse files and attributes cannot be kept"}};
  for (const Case& one : cases) {
    EXPECT_EQ(guarantee(one.facts, 120).name, "C");
    EXPECT_EQ(guarantee(one.facts, 120).why, one.why);
  }
  EXPECT_EQ(guarantee({}, 120).why,
            "no getfacl: ACLs cannot be kept; no getfattr: extended attributes cannot be kept; tar is not GNU tar: "
            "sparse files and attributes "
            "cannot be kept");
}

Facts guarded(const char* deadman, const char* ends, const char* guard = "no") {
  Facts facts = good();
  facts.insert({{"deadman", deadman}, {"kill_user_processes", ends}, {"guard", guard}});
  return facts;
}

TEST(Preflight, AHostThatCannotKeepTheDeadManIsRefusedBeforeTheFirstStep) {
  const struct {
    Facts facts;
    const char* says;  // empty: no problem
  } cases[] = {{guarded("shell", "no"), ""},
               {guarded("systemd", "yes"), ""},
               {guarded("systemd", "unknown"), ""},
               {guarded("no", "yes"), "logind ends what a session leaves behind"},
               {guarded("no", "unknown"), "cannot be learnt there whether logind"},
               {guarded("shell", "yes"), "logind ends what a session leaves behind"},
               {guarded("shell", "unknown"), "cannot be learnt there whether logind"},
               {guarded("no", "no"), "nothing that it could run under"},
               {good(), "nothing that it could run under"}};
  for (const auto& one : cases) {
    EXPECT_TRUE(problems_of(one.facts, 0, 0).empty()) << "nothing is asked for";
    const auto problems = problems_of(one.facts, 0, 120);
    ASSERT_EQ(problems.size(), *one.says == '\0' ? 0u : 1u) << one.says;
    if (problems.empty()) continue;
    EXPECT_NE(problems[0].what.find(one.says), std::string::npos) << problems[0].what;
    EXPECT_NE(problems[0].next.find("`dead_man: off`"), std::string::npos) << problems[0].next;
  }
  EXPECT_EQ(problems_of({}, 0, 120).size(), 5u) << "that flock is missing is said once";
}

TEST(Preflight, AHostThatPutsItselfBackIsOfClassA) {
  EXPECT_EQ(guarantee(guarded("systemd", "yes", "systemd"), 120).name, "A");
  EXPECT_EQ(guarantee(guarded("shell", "no", "cron"), 120).name, "A");
  const struct {
    Facts facts;
    int seconds;
    const char* says;
  } cases[] = {{guarded("systemd", "no", "systemd"), 0, "`dead_man: off`"},
               {guarded("shell", "no", "no"), 120, "`belay host guard NAME` would make it class A"},
               {guarded("no", "yes", "cron"), 120, "cannot keep a dead-man's switch"},
               {guarded("shell", "unknown", "cron"), 120, "cannot keep a dead-man's switch"},
               {good(), 120, "cannot keep a dead-man's switch"}};
  for (const auto& one : cases) {
    EXPECT_EQ(guarantee(one.facts, one.seconds).name, "B") << one.says;
    EXPECT_NE(guarantee(one.facts, one.seconds).why.find(one.says), std::string::npos)
        << guarantee(one.facts, one.seconds).why;
  }
  Facts partial = guarded("shell", "no", "cron");
  partial["tar"] = "busybox";
  EXPECT_EQ(guarantee(partial, 120).name, "C") << "what cannot be captured cannot be put back by anyone";
}

}  // namespace
}  // namespace belay::engine
