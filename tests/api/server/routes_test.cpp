// Every route of the table, once with a good request and once in each way it must refuse; and the table itself.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "daemon/api/documents.hpp"
#include "daemon/api/openapi.hpp"
#include "daemon/api/routes.hpp"
#include "tests/api/server/daemon.hpp"

namespace belay::api::test {
namespace {

const std::string digest(64, 'a');
const std::string run = "01JD3Z6W0Q4T5V8X9Y1A2B3C4D";

struct Good {
  std::string target;
  std::string body = {};
};

// By operationId. A route without a line here fails EveryRouteAnswers.
const std::map<std::string, Good>& good_requests() {
  static const std::map<std::string, Good> all{
      {"getHealth", {"/healthz"}},
      {"getReady", {"/readyz"}},
      {"getStatus", {"/v1/status"}},
      {"postPackage", {"/v1/packages", "archive"}},
      {"getPackages", {"/v1/packages"}},
      {"getPackage", {"/v1/packages/" + digest}},
      {"postPlan", {"/v1/plans", R"({"package":")" + digest + R"(","environment":"test"})"}},
      {"postRun",
       {"/v1/runs", R"({"kind":"deploy","environment":"test","package":")" + digest + R"(","reason":"because"})"}},
      {"getRuns", {"/v1/runs?application=portal&limit=10"}},
      {"getRun", {"/v1/runs/" + run}},
      {"getEvents", {"/v1/runs/" + run + "/events?after=0"}},
      {"getLogs", {"/v1/runs/" + run + "/logs?host=web1&step=2"}},
      {"getProof", {"/v1/runs/" + run + "/proof"}},
      {"abortRun", {"/v1/runs/" + run + "/abort", R"({"reason":"wrong one"})"}},
      {"getEnvironments", {"/v1/environments"}},
      {"getEnvironment", {"/v1/environments/test"}},
      {"checkEnvironment", {"/v1/environments/test/check", "{}"}},
      {"getHosts", {"/v1/hosts?environment=test"}},
      {"getHost", {"/v1/hosts/web1"}},
      {"putHost", {"/v1/hosts/web2", R"({"environment":"test","address":"192.0.2.2"})"}},
      {"guardHost", {"/v1/hosts/web1/guard", R"({"verb":"install"})"}},
      {"getBaselines", {"/v1/baselines?application=portal&environment=test"}},
      {"getDiff", {"/v1/diff?application=portal&environment=test"}},
      {"getBlocks", {"/v1/blocks"}},
      {"liftBlock", {"/v1/blocks/" + digest + "/lift", R"({"environment":"test","reason":"mended"})"}},
  };
  return all;
}

// A daemon that holds one of everything.
class Routes : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon.begin_run(run);
    daemon.end_run(run, 0);
    daemon.append(
        {},
        {PackageRow{digest, "portal", "1.0", "rel@example", "SHA256:x", 7, 1},
         BaselineRow{.application = "portal", .environment = "test", .version = "1.0", .package = digest, .run = run},
         BlockRow{.package = digest, .environment = "test", .run = run, .reason = "it failed"},
         HostRow{"web1", "test", R"({"name":"web1","environment":"test"})"}});
  }
  Daemon daemon;
};

TEST_F(Routes, EveryRouteAnswers) {
  for (const Route& route : routes()) {
    const auto good = good_requests().find(std::string(route.id));
    ASSERT_NE(good, good_requests().end()) << "no good request for " << route.id;
    const Answer answer = ask(daemon, std::string(to_string(route.method)), good->second.target, good->second.body);
    EXPECT_EQ(answer.status, route.success) << route.id << ' ' << answer.body;
    EXPECT_EQ(answer.fields.at("content-type"), route.answer_type) << route.id;
    if (route.answer_type == "application/json")
      EXPECT_TRUE(Json::accept(answer.body)) << route.id << ' ' << answer.body;
  }
}

TEST(RouteTable, SaysEverythingAboutEveryRoute) {
  std::set<std::string_view> ids;
  for (const Route& route : routes()) {
    EXPECT_TRUE(ids.insert(route.id).second) << route.id << " twice";
    EXPECT_NE(route.grant, Grant::nobody) << route.id << " is a door nobody may use";
    EXPECT_NE(route.handle, nullptr) << route.id;
    EXPECT_FALSE(route.summary.empty() || route.answer.empty()) << route.id;
    EXPECT_TRUE(route.path.starts_with("/v1/") || route.path == "/healthz" || route.path == "/readyz") << route.path;
    EXPECT_EQ(route.fields.empty() || route.takes == Takes::json, true) << route.id << " has fields but takes no JSON";
  }
}

// Why: what is documented is what is there, by construction.
TEST(RouteTable, IsWhatOpenapiSays) {
  std::ifstream in(std::string(BELAY_SOURCE_DIR) + "/docs/openapi.yaml");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::size_t version = text.find("version: \"");
  ASSERT_NE(version, std::string::npos) << "build the target `openapi`";
  const std::size_t begin = version + 10;
  EXPECT_EQ(text, openapi_yaml(text.substr(begin, text.find('"', begin) - begin))) << "build the target `openapi`";
}

TEST_F(Routes, RefuseWhatIsNotInTheTable) {
  for (const char* target :
       {"/", "/v1", "/v1/", "/v1/run", "/v2/status", "/v1/runs/", "/v1//runs", "/v1/runs/x/y/z", "/v1/status/",
        "/V1/status", "/v1/runs%2f", "/v1/../v1/status", "/v1/runs/%00/proof", "*"}) {
    const Answer answer = ask(daemon, "GET", target);
    EXPECT_EQ(answer.status, 404) << target << ' ' << answer.body;
  }
  for (const Route& route : routes()) {
    const std::string& target = good_requests().at(std::string(route.id)).target;
    for (const char* method : {"DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FOO"}) {
      Client client(daemon.socket());
      client.send(request(method, target));
      const Answer answer = client.answer();
      EXPECT_EQ(answer.status, 405) << method << ' ' << target;
      EXPECT_NE(answer.fields.at("allow").find(to_string(route.method)), std::string::npos) << method << ' ' << target;
    }
  }
}

TEST_F(Routes, RefuseWhatTheyDoNotKnow) {
  for (const Route& route : routes()) {
    const Good& good = good_requests().at(std::string(route.id));
    const std::string method(to_string(route.method));
    const std::string more = good.target + (good.target.find('?') == std::string::npos ? "?" : "&");
    EXPECT_EQ(ask(daemon, method, more + "surprise=1", good.body).status, 400) << route.id;
    EXPECT_EQ(ask(daemon, method, more + "a=%zz", good.body).status, 400) << route.id;
    EXPECT_EQ(ask(daemon, method, more + "a=%0d%0aX:1", good.body).status, 400) << route.id;
    if (route.takes == Takes::nothing) {
      EXPECT_EQ(ask(daemon, method, good.target, "{}").status, 413) << route.id;
    }
    if (route.takes != Takes::json) continue;
    for (const char* body : {R"({"surprise":1})", "[]", "1", "\"x\"", "null"}) {
      EXPECT_EQ(ask(daemon, method, good.target, body).status, 400) << route.id << ' ' << body;
    }
    for (const Field& field : route.fields) {
      const std::string wrong = R"({")" + std::string(field.name) + R"(":[{"x":[]}]})";
      EXPECT_EQ(ask(daemon, method, good.target, wrong).status, 400) << route.id << ' ' << wrong;
      if (!field.required) continue;
      Json without = Json::parse(good.body);
      without.erase(std::string(field.name));
      EXPECT_EQ(ask(daemon, method, good.target, without.dump()).status, 400) << route.id << " without " << field.name;
    }
  }
}

TEST_F(Routes, HandTheKernelsWordForWhoAsks) {
  ASSERT_EQ(ask(daemon, "POST", "/v1/runs", good_requests().at("postRun").body).status, 202);
  ASSERT_EQ(ask(daemon, "POST", "/v1/runs/" + run + "/abort", "{}").status, 202);
  const std::string uid = "uid " + std::to_string(::getuid());
  EXPECT_NE(daemon.control->started.at(0).actor.find(uid), std::string::npos) << daemon.control->started.at(0).actor;
  EXPECT_EQ(daemon.control->aborted.at(0), std::pair(run, daemon.control->started.at(0).actor));
}

TEST_F(Routes, TellErrorsAsProblems) {
  struct Case {
    Kind kind;
    int status;
  };
  for (const auto& [kind, status] :
       {Case{Kind::invalid, 400}, Case{Kind::refused, 403}, Case{Kind::not_found, 404}, Case{Kind::conflict, 409},
        Case{Kind::integrity, 422}, Case{Kind::unreachable, 502}, Case{Kind::timeout, 504}, Case{Kind::unknown, 500},
        Case{Kind::internal, 500}}) {
    daemon.control->refusal = Error{kind, "it did \x1b[31mnot\xff work", "try \"later\"", Place{"playbook.yaml", 3, 7}};
    const Answer answer = ask(daemon, "GET", "/v1/runs/" + run + "/proof");
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.fields.at("content-type"), "application/problem+json");
    const Json problem = Json::parse(answer.body);
    EXPECT_EQ(problem["status"], status);
    EXPECT_EQ(problem["kind"], to_string(kind));
    EXPECT_EQ(problem["next"], "try \"later\"");
    EXPECT_EQ(problem["place"]["line"], 3);
    EXPECT_EQ(answer.body.find('\x1b'), std::string::npos);
  }
}

TEST_F(Routes, StartOnlyWhatMakesSense) {
  const std::string package = R"("package":")" + digest + '"';
  for (const std::string& body :
       {R"({"kind":"explode","environment":"test"})" + std::string(),
        R"({"kind":"deploy","environment":"test"})" + std::string(), R"({"kind":"deploy",)" + package + "}",
        R"({"kind":"deploy","environment":"test","package":"abc"})" + std::string(),
        R"({"kind":"deploy","environment":"test","of":")" + run + "\"," + package + "}",
        R"({"kind":"rollback","environment":"test"})" + std::string(),
        R"({"kind":"rollback","application":"portal"})" + std::string(),
        R"({"kind":"rollback","of":"nonsense"})" + std::string(),
        R"({"kind":"rollback","of":")" + run + "\"," + package + "}"}) {
    const Answer answer = ask(daemon, "POST", "/v1/runs", body);
    EXPECT_GE(answer.status, 400) << body;
    EXPECT_LT(answer.status, 500) << body;
  }
  EXPECT_TRUE(daemon.control->started.empty());
  EXPECT_EQ(ask(daemon, "POST", "/v1/runs", R"({"kind":"rollback","of":")" + run + "\"}").status, 202);
  EXPECT_EQ(
      ask(daemon, "POST", "/v1/runs", R"({"kind":"rollback","application":"portal","environment":"test"})").status,
      202);
  EXPECT_EQ(daemon.control->started.size(), 2u);
}

TEST_F(Routes, PageThroughRuns) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(ask(daemon, "POST", "/v1/runs", good_requests().at("postRun").body).status, 202);
  }
  std::vector<std::string> ids;
  std::string before;
  for (int page = 0; page < 10; ++page) {
    const Json list =
        Json::parse(ask(daemon, "GET", "/v1/runs?limit=2" + (before.empty() ? "" : "&before=" + before)).body);
    for (const Json& item : list["items"]) ids.push_back(item["id"]);
    if (list["next"].is_null()) break;
    before = list["next"];
  }
  EXPECT_EQ(ids.size(), 6u);
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::greater<>()));
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_EQ(ask(daemon, "GET", "/v1/runs?limit=0").status, 400);
  EXPECT_EQ(ask(daemon, "GET", "/v1/runs?limit=501").status, 400);
}

TEST_F(Routes, AnswerWith304WhenNothingChanged) {
  const Answer first = ask(daemon, "GET", "/v1/environments");
  const Answer again = ask(daemon, "GET", "/v1/environments", "", "If-None-Match: " + first.fields.at("etag") + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
}

TEST_F(Routes, LiftABlockOnceAndRememberWho) {
  const std::string body = good_requests().at("liftBlock").body;
  const Answer lifted = ask(daemon, "POST", "/v1/blocks/" + digest + "/lift", body);
  ASSERT_EQ(lifted.status, 200) << lifted.body;
  EXPECT_NE(Json::parse(lifted.body)["lifted_by"].get<std::string>().find("uid"), std::string::npos);
  EXPECT_EQ(ask(daemon, "POST", "/v1/blocks/" + digest + "/lift", body).status, 404);
  EXPECT_EQ(Json::parse(ask(daemon, "GET", "/v1/blocks").body)["items"].size(), 0u);
}

TEST_F(Routes, SayWhenTheDaemonIsNotReady) {
  daemon.ready = false;
  EXPECT_EQ(ask(daemon, "GET", "/readyz").status, 503);
  EXPECT_EQ(ask(daemon, "GET", "/healthz").status, 200);
}

}  // namespace
}  // namespace belay::api::test
