// environments.yaml: what a tier demands by default, what `require` changes, and the sentence and place of every
// mistake.
#include "daemon/app/environments.hpp"

#include <gtest/gtest.h>

namespace belay::app {
namespace {

constexpr const char* three = R"(environments:
  development:
    tier: development
    user: belay
    key: /k/dev
  test:
    tier: test
    user: belay
    key: /k/test
    signers: /s
  production:
    tier: production
    user: belay
    key: /k/prod
    signers: /s
)";

TEST(Environments, HaveTheirTiersDefaults) {
  const auto all = parse_environments(three, "environments.yaml");
  ASSERT_TRUE(all) << all.error().text();
  ASSERT_EQ(all->size(), 3u);
  for (const Environment& one : *all) {
    EXPECT_EQ(one.name, to_string(one.tier));
    const Rules rules = default_rules(one.tier);
    EXPECT_EQ(one.rules.signature, rules.signature);
    EXPECT_EQ(one.rules.rehearsal, rules.rehearsal);
    EXPECT_EQ(one.rules.rehearsed_in, "");
    EXPECT_EQ(one.rules.refuse_drift, rules.refuse_drift);
    EXPECT_EQ(one.rules.allow_irreversible, rules.allow_irreversible);
    EXPECT_EQ(one.rules.direct, rules.direct);
    EXPECT_EQ(one.transport, "ssh");
    EXPECT_EQ(one.base, "/var/lib/belay");
    EXPECT_FALSE(one.become_root);
    EXPECT_FALSE(one.isolation_host);
    EXPECT_EQ(one.connect_seconds, 20);
    EXPECT_EQ(one.step_seconds, 600);
  }
}

TEST(Environments, EveryKeyArrives) {
  const auto all = parse_environments(R"(environments:
  uat.1:
    tier: test
    user: rel
    key: /k/test
    transport: openssh
    ssh_config: /etc/belay/ssh_config
    base: /srv/belay
    become: sudo
    isolation: host
    signers: /s
    vars: {port: 8080, ratio: 1.5, tls: true, name: "{{ not rendered }}", zero: "0640", octal: 0640}
    connect_timeout: 5s
    step_timeout: 1h
    require:
      signature: false
      rehearsal: true
      rehearsed_in: uat.1
      refuse_drift: true
      allow_irreversible: false
      direct: false
)",
                                      "environments.yaml");
  ASSERT_TRUE(all) << all.error().text();
  ASSERT_EQ(all->size(), 1u);
  const Environment& one = all->front();
  EXPECT_EQ(one.name, "uat.1");
  EXPECT_EQ(one.tier, Tier::test);
  EXPECT_EQ(one.user, "rel");
  EXPECT_EQ(one.key, "/k/test");
  EXPECT_EQ(one.transport, "openssh");
  EXPECT_EQ(one.ssh_config, "/etc/belay/ssh_config");
  EXPECT_EQ(one.base, "/srv/belay");
  EXPECT_TRUE(one.become_root);
  EXPECT_TRUE(one.isolation_host);
  EXPECT_EQ(one.signers, "/s");
  EXPECT_EQ(one.vars, (std::map<std::string, std::string>{{"port", "8080"},
                                                          {"ratio", "1.5"},
                                                          {"tls", "true"},
                                                          {"name", "{{ not rendered }}"},
                                                          {"zero", "0640"},
                                                          {"octal", "0640"}}));
  EXPECT_EQ(one.connect_seconds, 5);
  EXPECT_EQ(one.step_seconds, 3600);
  EXPECT_FALSE(one.rules.signature);
  EXPECT_TRUE(one.rules.rehearsal);
  EXPECT_EQ(one.rules.rehearsed_in, "uat.1");
  EXPECT_TRUE(one.rules.refuse_drift);
  EXPECT_FALSE(one.rules.allow_irreversible);
  EXPECT_FALSE(one.rules.direct);
}

// One rule loosened leaves the others of the tier as strict as they are shipped.
TEST(Environments, RequireChangesKeyByKey) {
  const auto all = parse_environments(std::string(three) + "    require: {direct: true}\n", "environments.yaml");
  ASSERT_TRUE(all) << all.error().text();
  const Rules& rules = all->back().rules;
  EXPECT_TRUE(rules.direct);
  EXPECT_TRUE(rules.signature && rules.rehearsal && rules.refuse_drift);
  EXPECT_FALSE(rules.allow_irreversible);
}

TEST(Environments, LocalNeedsNoIdentity) {
  EXPECT_TRUE(parse_environments("environments: {here: {tier: development, transport: local}}\n", "e.yaml"));
}

struct Mistake {
  const char* name;
  std::string text;  // below "environments:"; six blanks deep for the keys of `e`
  const char* says;
};

const std::string base = "  e:\n      tier: test\n      user: u\n      key: /k\n      signers: /s\n";

const std::vector<Mistake> mistakes{
    {"no_tier", "  e: {user: u}\n", "e.yaml:2:6: \"tier\" is missing"},
    {"unknown_tier", "  e: {tier: prod}\n", "must be one of development, test, production"},
    {"unknown_key", base + "      becme: sudo\n",
     "e.yaml:7:7: the key \"becme\" is not known in \"environments.e\". Did you mean \"become\"?"},
    {"unknown_rule", base + "      require: {rehersal: true}\n", "Did you mean \"rehearsal\"?"},
    {"rule_is_text", base + "      require: {direct: yes}\n", "must be true or false"},
    {"bad_name", "  'a b':\n      tier: development\n      user: u\n      key: /k\n",
     "e.yaml:2:3: 'a b' cannot be an environment's name"},
    {"option_name", "  -oProxyCommand:\n      tier: development\n", "cannot be an environment's name"},
    {"option_user", "  e: {tier: development, user: -oProxyCommand=x, key: /k}\n",
     "\"environments.e.user\" must be a name"},
    {"no_user", "  e: {tier: development, key: /k}\n", "has no `user`"},
    {"no_key", "  e: {tier: development, user: u}\n", "has no `key`"},
    {"no_signers", "  e: {tier: test, user: u, key: /k}\n", "demands a signature and has no `signers`"},
    {"relative_key", "  e: {tier: development, user: u, key: k}\n", "must be an absolute path"},
    {"bad_transport", base + "      transport: telnet\n", "must be one of ssh, openssh, local"},
    {"config_for_ssh", base + "      ssh_config: /c\n", "e.yaml:7:19: environment 'e' has an `ssh_config`"},
    {"base_with_dots", base + "      base: /var/../etc\n", "e.yaml:7:13: environment 'e' has '/var/../etc' as `base`"},
    {"base_with_shell", base + "      base: '/var/$(id)'\n", "as `base`"},
    {"base_relative", base + "      base: belay\n", "as `base`"},
    {"become_bool", base + "      become: true\n", "must be one of none, sudo"},
    {"var_is_list", base + "      vars: {a: [1]}\n", "must be text, a number, true or false"},
    {"var_is_nothing", base + "      vars: {a: }\n", "must be text, a number, true or false"},
    {"var_name", base + "      vars: {a-b: 1}\n", "\"a-b\" is not known"},
    {"rehearsed_nowhere", base + "      require: {rehearsed_in: f}\n",
     "wants rehearsals in 'f', which is no environment"},
    {"timeout", base + "      step_timeout: 0\n", "greater than or equal to 1"},
    {"long_timeout", base + "      step_timeout: 999999h\n", "e.yaml:7:21"},
    {"shared_key", base + "  p: {tier: production, user: u, key: /k, signers: /s}\n",
     "e.yaml:7:39: environments 'e' and 'p' have the same `key`"},
    {"none", "  {}\n", "environments"},
};

class EnvironmentMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(EnvironmentMistake, IsNamedWithItsPlace) {
  const auto all = parse_environments("environments:\n" + GetParam().text, "e.yaml");
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().kind, Kind::invalid);
  ASSERT_TRUE(all.error().place);
  EXPECT_GT(all.error().place->line, 1);
  EXPECT_NE(all.error().text().find(GetParam().says), std::string::npos) << all.error().text();
}

INSTANTIATE_TEST_SUITE_P(All, EnvironmentMistake, ::testing::ValuesIn(mistakes),
                         [](const auto& param) { return param.param.name; });

TEST(Environments, AnEmptyFileSaysWhatIsMissing) {
  const auto all = parse_environments("", "e.yaml");
  ASSERT_FALSE(all);
  EXPECT_NE(all.error().text().find("\"environments\" is missing"), std::string::npos) << all.error().text();
}

}  // namespace
}  // namespace belay::app
