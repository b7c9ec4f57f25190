// Hosts on their way in: what cannot be a host is refused with the member that is wrong (threats H-62).
#include <gtest/gtest.h>

#include "daemon/api/documents.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

const std::string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

Json good() { return {{"environment", "test"}, {"address", "192.0.2.7"}, {"host_keys", {key}}}; }

TEST(Hosts, ArePutAndShown) {
  Daemon daemon;
  Json host = good();
  host["port"] = 2222;
  host["groups"] = {"web", "blue"};
  host["vars"] = {{"color", "blue"}};
  const Answer put = ask(daemon, "PUT", "/v1/hosts/web1", host.dump());
  ASSERT_EQ(put.status, 200) << put.body;
  const Json shown = Json::parse(ask(daemon, "GET", "/v1/hosts/web1").body);
  EXPECT_EQ(shown["name"], "web1");
  EXPECT_EQ(shown["port"], 2222);
  EXPECT_EQ(shown["host_keys"][0], key);
  EXPECT_EQ(shown["vars"]["color"], "blue");
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/environments/test").body)["hosts"].size(), 1u);
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/environments").body)["items"][0]["hosts"], 1);
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/hosts?environment=nowhere").body)["items"].size(), 0u);
  // Putting it again replaces it.
  ASSERT_EQ(ask(daemon, "PUT", "/v1/hosts/web1", good().dump()).status, 200);
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/hosts").body)["items"].size(), 1u);
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/hosts/web1").body)["port"], 22);
}

TEST(Hosts, ThatCannotBeAreRefused) {
  Daemon daemon;
  struct Case {
    std::string name;
    std::string member;
    Json value;
    int status = 400;
  };
  const std::vector<Case> cases{
      {"-oProxyCommand=x", "", {}},
      {"a b", "", {}},
      {"web1", "address", "-oProxyCommand=x"},
      {"web1", "address", "a b"},
      {"web1", "address", "$(id)"},
      {"web1", "address", ""},
      {"web1", "user", "-l"},
      {"web1", "user", "root;id"},
      {"web1", "base", "relative"},
      {"web1", "base", "/a/../b"},
      {"web1", "base", "/a b"},
      {"web1", "transport", "telnet"},
      {"web1", "port", 0},
      {"web1", "port", 65536},
      {"web1", "port", -1},
      {"web1", "groups", {"a b"}},
      {"web1", "vars", {{"a-b", "x"}}},
      {"web1", "vars", {{"a", 1}}},
      {"web1", "host_keys", {"ssh-ed25519"}},
      {"web1", "host_keys", {key + " comment"}},
      {"web1", "host_keys", {"command=\"x\" " + key}},
      {"web1", "host_keys", {"ssh-dss AAAA"}},
      {"web1", "host_keys", {key + "\n" + key}},
      {"web1", "host_keys", {key, key}},
      {"web1", "environment", "nowhere", 404},
  };
  for (const Case& each : cases) {
    Json host = good();
    if (!each.member.empty()) host[each.member] = each.value;
    std::string name;
    for (const char c : each.name) name += c == ' ' ? "%20" : std::string(1, c);
    const Answer answer = ask(daemon, "PUT", "/v1/hosts/" + name, host.dump());
    EXPECT_EQ(answer.status, each.status) << each.name << ' ' << each.member << ' ' << each.value << ' ' << answer.body;
  }
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/hosts").body)["items"].size(), 0u);
}

TEST(Hosts, AreGuardedByOneOfThreeVerbs) {
  using engine::GuardVerb;
  Daemon daemon;
  for (const char* verb : {"install", "remove", "show"})
    EXPECT_EQ(ask(daemon, "POST", "/v1/hosts/web1/guard", Json{{"verb", verb}}.dump()).status, 200) << verb;
  const std::vector<std::pair<std::string, GuardVerb>> asked{
      {"web1", GuardVerb::install}, {"web1", GuardVerb::remove}, {"web1", GuardVerb::show}};
  EXPECT_EQ(daemon.control->guarded, asked);
  for (const char* verb : {"", "Install", "show ", "show\nfence 9"}) {
    const Answer answer = ask(daemon, "POST", "/v1/hosts/web1/guard", Json{{"verb", verb}}.dump());
    EXPECT_EQ(answer.status, 400) << verb << answer.body;
  }
  EXPECT_EQ(daemon.control->guarded.size(), 3u) << "what is none of them reaches nobody";
}

}  // namespace
}  // namespace belay::api::test
