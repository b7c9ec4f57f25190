// Plans, proofs, diffs, checks and findings as people read them.
#include <gtest/gtest.h>

#include "cli/plan_text.hpp"
#include "cli/proof_text.hpp"
#include "cli/sarif.hpp"
#include "cli/scan.hpp"
#include "tests/unit/cli/recorded_io.hpp"

namespace belay::cli::test {
namespace {

Json plan_host(const std::string& name, int batch) {
  return Json::parse(R"({"name":")" + name + R"(","batch":)" + std::to_string(batch) +
                     R"(,"class":"B","class_why":"no boot hook",
    "steps":[
      {"step":1,"name":"Unpack","action":"tree","way_back":"snapshot","items":[
         {"class":"new","path":"/opt/a"},{"class":"unchanged","path":"/opt/b"},{"class":"changed","path":"/etc/c","diff":"-old\n+new\n"}]},
      {"step":2,"name":"Migrate","action":"command","opaque":true,"way_back":"none","items":[]},
      {"step":3,"name":"Only web","action":"command","skipped":true,"when":"role == 'db'"}]})");
}

Json a_plan() {
  return {{"digest", std::string(64, 'd')},
          {"application", "portal"},
          {"version", "1.1"},
          {"environment", "production"},
          {"package", std::string(64, 'a')},
          {"class", "B"},
          {"way_back", "snapshot"},
          {"hosts", Json::array({plan_host("web1", 0), plan_host("web2", 1), plan_host("web3", 1)})},
          {"findings", Json::array({Json{{"level", "warning"},
                                         {"rule", "opaque"},
                                         {"message", "nobody can tell"},
                                         {"next", "Say touches"},
                                         {"place", {{"file", "playbook.yaml"}, {"line", 7}, {"column", 3}}}}})}};
}

TEST(PlanText, ShowsWhatWouldChangeOncePerKindOfHost) {
  EXPECT_EQ(plan_text(a_plan(), Paint{}),
            "Plan dddddddddddd for portal 1.1 in production\n"
            "package   aaaaaaaaaaaa\n"
            "class     B\n"
            "way back  snapshot\n"
            "\n"
            "web1  batch 1  class B: no boot hook\n"
            "   1 Unpack  tree  1 new, 1 changed, 1 unchanged  goes back by snapshot\n"
            "      + /opt/a\n"
            "      ~ /etc/c\n"
            "          -old\n"
            "          +new\n"
            "   2 Migrate  command  opaque: what it does cannot be known beforehand  NO WAY BACK\n"
            "   3 Only web  command  when role == 'db'  skipped here\n"
            "\n"
            "web2, web3  batch 2  class B: no boot hook\n"
            "   1 Unpack  tree  1 new, 1 changed, 1 unchanged  goes back by snapshot\n"
            "      + /opt/a\n"
            "      ~ /etc/c\n"
            "          -old\n"
            "          +new\n"
            "   2 Migrate  command  opaque: what it does cannot be known beforehand  NO WAY BACK\n"
            "   3 Only web  command  when role == 'db'  skipped here\n"
            "\n"
            "playbook.yaml:7:3: warning: nobody can tell. Say touches [opaque]\n");
}

TEST(ProofText, SaysPerStepWhetherItIsEqual) {
  const Json proof = Json::parse(
      R"({"run":"R","of":"D","application":"portal","environment":"production","release":"1.1","package":"p","proven":false,
    "uat":{"run":"U","environment":"test","version":"1.0","package":"fedcba9876543210","portable":"0123456789abcdef","matches":true},
    "hosts":[{"name":"web1","proven":false,"steps":[{"step":1,"name":"Unpack","before":"aaaaaaaaaaaaaaaa","after":"bbbbbbbbbbbbbbbb","equal":false,
      "differences":["/opt/a: mode is 0644, was 0600",{"path":"/opt/left","what":"is there, was not"}]}]}]})");
  EXPECT_EQ(proof_text(proof, Paint{}),
            "NOT PROVEN  portal in production\n"
            "run      R\nof       D\nrelease  1.1\npackage  p\n"
            "UAT baseline  portal 1.0, package fedcba987654, rehearsed in test by run U\n"
            "stands here   that (content 0123456789ab)\n"
            "\nweb1  NOT proven\n"
            "   1 Unpack  before aaaaaaaaaaaa  now bbbbbbbbbbbb  DIFFERENT\n"
            "       /opt/a: mode is 0644, was 0600\n"
            "       /opt/left: is there, was not\n");
}

TEST(DiffText, SaysAgainstWhat) {
  Json diff = Json::parse(R"({"application":"portal","environment":"production","against":"","same":false,
    "hosts":[{"name":"web1","differences":[{"path":"/etc/c","what":"content differs"}]},{"name":"web2","differences":[]}],"problems":["web3 does not answer"]})");
  EXPECT_EQ(diff_text(diff, Paint{}),
            "portal in production: DIFFERENT from its baseline\n"
            "\nweb1  1 difference\n  /etc/c: content differs\n"
            "\nweb2  the same\n"
            "web3 does not answer\n");
  diff = Json::parse(R"j({"application":"portal","environment":"production","against":"test","same":false,
    "hosts":[],"differences":["production has 1.0 (package a), test has 1.1 (package b)"],"problems":[]})j");
  EXPECT_EQ(diff_text(diff, Paint{}),
            "portal in production: DIFFERENT from test, by the baselines (their hosts were not looked at)\n"
            "  production has 1.0 (package a), test has 1.1 (package b)\n");
}

TEST(CheckText, NamesEachProblemWithItsWayOut) {
  const Json check = Json::parse(R"({"environment":"production","hosts":[
    {"name":"web1","address":"192.0.2.1","ok":true,"class":"B","facts":{"os":"debian","os_version":"12","free_kib":"2097152"},"problems":[]},
    {"name":"web2","address":"192.0.2.2","ok":false,"class":"","facts":{},"problems":[{"what":"no flock","next":"Install util-linux."}]}]})");
  EXPECT_EQ(check_text(check, Paint{}),
            "HOST  ADDRESS    OK   CLASS  SYSTEM     FREE\n"
            "web1  192.0.2.1  yes  B      debian 12  2.0 GiB\n"
            "web2  192.0.2.2  NO                     -\n"
            "\nweb2: no flock. Install util-linux.\n");
}

// Every text of a document, replaced by hostile bytes one after the other, comes out harmless.
void poison(const Json& document, const std::function<std::string(const Json&)>& shown) {
  const Json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (!value.is_string()) continue;
    Json copy = document;
    copy[Json::json_pointer(pointer)] = "\x1b[2J\r\x07\xc2\x9b\xe2\x80\xae end";
    const std::string text = shown(copy);
    EXPECT_TRUE(is_harmless(text)) << pointer << '\n' << text;
  }
}

TEST(Documents, AreHarmlessWhateverIsInThem) {
  poison(a_plan(), [](const Json& plan) { return plan_text(plan, Paint{}); });
  poison(
      Json::parse(
          R"({"run":"a","application":"a","environment":"a","uat":{"run":"a","portable":"a"},"hosts":[{"name":"a","steps":[{"name":"a","before":"a","after":"a","differences":["a",{"path":"a","what":"a"}]}]}]})"),
      [](const Json& proof) { return proof_text(proof, Paint{}); });
  poison(
      Json::parse(
          R"({"application":"a","environment":"a","against":"a","hosts":[{"name":"a","differences":[{"path":"a","what":"a"}]}],"differences":["a"],"problems":["a",{"what":"a","next":"a"}]})"),
      [](const Json& diff) { return diff_text(diff, Paint{}); });
  poison(
      Json::parse(
          R"({"hosts":[{"name":"a","address":"a","class":"a","class_why":"a","facts":{"os":"a","os_version":"a","free_kib":"a"},"problems":[{"what":"a","next":"a"}]}]})"),
      [](const Json& check) { return check_text(check, Paint{}); });
}

TEST(Sarif, PutsFindingsWhereTheyAre) {
  const Findings findings{
      {Finding::Level::error, "KY-1", Place{"my dir/release.yaml", 3, 7}, "no dependencies", "Say none"},
      {Finding::Level::warning, "opaque", Place{}, "nobody can tell", ""}};
  const Json log = sarif(findings);
  const Json& results = log["runs"][0]["results"];
  EXPECT_EQ(results[0]["level"], "error");
  EXPECT_EQ(results[0]["message"]["text"], "no dependencies. Say none");
  EXPECT_EQ(results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "my%20dir/release.yaml");
  EXPECT_EQ(results[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
  EXPECT_FALSE(results[1].contains("locations"));
  EXPECT_EQ(log["runs"][0]["tool"]["driver"]["rules"].size(), 2u);
}

TEST(Scan, ReadsWhatTheTransportSays) {
  const auto keys = read_scan(R"({"keys":[{"type":"ssh-rsa","key":"ssh-rsa BBBB","fingerprint":"SHA256:y"},
                                          {"type":"ssh-ed25519","key":"ssh-ed25519 AAAA","fingerprint":"SHA256:x"}]})");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->front().key, "ssh-ed25519 AAAA");
  const auto error = read_scan(R"({"error":{"kind":"timeout","what":"it does not answer","next":"Wait."}})");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().kind, Kind::timeout);
  EXPECT_FALSE(read_scan("no json"));
  EXPECT_FALSE(read_scan(R"({"keys":[]})"));
}

}  // namespace
}  // namespace belay::cli::test
