// The verdict: what happened, where, what Belay did, what to do next.
#include "cli/verdict.hpp"

#include <gtest/gtest.h>

#include "tests/unit/cli/recorded_io.hpp"

namespace belay::cli::test {
namespace {

Json ended(int code, const std::string& kind = "deploy") {
  return Json{{"run",
               {{"id", "01JD3Z6W0Q4T5V8X9Y1A2B3C4D"},
                {"kind", kind},
                {"application", "permits-portal"},
                {"version", "1.2"},
                {"environment", "production"},
                {"state", "x"},
                {"outcome", "it is over"},
                {"exit_code", code},
                {"created_ms", 1'000'000},
                {"ended_ms", 1'042'000}}},
              {"phase", "ended"},
              {"steps", Json::array({Json{{"step", 1}, {"name", "Unpack"}}, Json{{"step", 2}, {"name", "Healthy"}}})},
              {"hosts", Json::array()}};
}

Json host(const std::string& name, const std::string& state, const std::string& phase, const std::string& note = {}) {
  return {{"name", name},
          {"batch", 0},
          {"state", state},
          {"steps", Json::array({Json{{"step", 2}, {"phase", phase}, {"note", note}}})}};
}

std::string block(const Json& view) {
  std::string out;
  for (const std::string& line : verdict(read_view(view), Canvas{80, 24, false, Paint{}})) out += line + '\n';
  return out;
}

TEST(Verdict, OfARolledBackRunFitsInFiveSeconds) {
  Json view = ended(2);
  view["run"]["outcome"] = "step 2 Healthy failed on web3; every touched host was put back";
  view["hosts"] = {host("web1", "back", "proven"), host("web3", "back", "proven", "status is 500, expected 200")};
  view["next"] = {"Read what it said: belay logs 01JD3Z6W0Q4T5V8X9Y1A2B3C4D --host web3 --step 2"};
  EXPECT_EQ(block(view),
            "------------------------------------------------------------------------\n"
            "FAILED, ROLLED BACK, PROVEN   permits-portal 1.2 to production   0:42\n"
            "  What happened   step 2 Healthy failed on web3; every touched host was put back\n"
            "  Where           web3, step 2 Healthy: status is 500, expected 200\n"
            "  Belay did       put web1 and web3 back; each is proven equal to its snapshot\n"
            "  To do           Read what it said: belay logs 01JD3Z6W0Q4T5V8X9Y1A2B3C4D\n"
            "                  --host web3 --step 2\n"
            "  Run             01JD3Z6W0Q4T5V8X9Y1A2B3C4D\n"
            "------------------------------------------------------------------------\n");
}

TEST(Verdict, TitlesSayWhatTheExitCodeMeans) {
  struct Case {
    int code;
    const char* kind;
    const char* title;
  };
  for (const Case& each :
       {Case{0, "deploy", "DONE, VERIFIED"}, Case{0, "rollback", "PUT BACK, PROVEN"}, Case{0, "rehearse", "REHEARSED"},
        Case{1, "deploy", "FAILED "}, Case{2, "deploy", "FAILED, ROLLED BACK, PROVEN"},
        Case{3, "deploy", "ROLLBACK INCOMPLETE OR NOT PROVEN"}, Case{4, "deploy", "HOSTS UNREACHABLE"},
        Case{5, "deploy", "REFUSED BY POLICY"}, Case{6, "deploy", "WAITING"}}) {
    EXPECT_NE(block(ended(each.code, each.kind)).find(each.title), std::string::npos) << each.code << ' ' << each.kind;
  }
}

Json leg(int part, const char* what, const char* kind, int code, int steps, int hosts, const char* outcome = "") {
  return {{"part", part},      {"what", what},
          {"kind", kind},      {"run", "01JD3Z6W0Q4T5V8X9Y1A2B3C4" + std::to_string(part)},
          {"exit_code", code}, {"steps", steps},
          {"hosts", hosts},    {"outcome", outcome}};
}

TEST(Verdict, OfARehearsalCountsWhatItsPartsDid) {
  Json view = ended(0, "rehearse");
  view["legs"] = {leg(1, "deploy", "deploy", 0, 5, 2), leg(2, "roll back and prove", "rollback", 0, 4, 2),
                  leg(3, "deploy again", "deploy", 0, 5, 2)};
  EXPECT_NE(block(view).find("  Belay did       1 deploy: 5 steps on 2 hosts, all verified\n"
                             "                  2 roll back and prove: 2 hosts put back, each proven equal to\n"
                             "                  its snapshot\n"
                             "                  3 deploy again: 5 steps on 2 hosts, all verified\n"),
            std::string::npos)
      << block(view);

  view = ended(2, "rehearse");
  view["legs"] = Json::array({leg(1, "deploy", "deploy", 2, 1, 1, "step 2 failed on web1")});
  std::string text = block(view);
  EXPECT_NE(text.find("1 deploy: failed; 1 host put back, each proven equal to its"), std::string::npos) << text;
  EXPECT_NE(text.find("part 1, deploy, run 01JD3Z6W0Q4T5V8X9Y1A2B3C41: step 2"), std::string::npos) << text;

  view = ended(3, "rehearse");
  view["legs"] = {leg(1, "deploy", "deploy", 0, 5, 2),
                  leg(2, "roll back and prove", "rollback", 3, 4, 1, "NOT PROVEN")};
  text = block(view);
  EXPECT_NE(text.find("2 roll back and prove: NOT every host is proven to be back"), std::string::npos) << text;
  EXPECT_EQ(text.find("no host was touched"), std::string::npos) << text;
}

TEST(Verdict, CountsOnlyTheStepsThatWereDone) {
  Json view = ended(0);
  view["hosts"] = {host("web1", "done", "committed"), host("web2", "done", "skipped")};
  EXPECT_NE(block(view).find("1 step on 1 host, all verified"), std::string::npos) << block(view);
  view = ended(0, "rollback");
  view["hosts"] = {host("web1", "back", "proven"), host("web2", "untouched", "skipped")};
  EXPECT_NE(block(view).find("put 1 host back; each is proven equal to its snapshot"), std::string::npos)
      << block(view);
}

TEST(Verdict, NamesEveryDifferenceAndWhoIsNotBack) {
  Json view = ended(3);
  view["hosts"] = {host("web1", "back", "proven"), host("web2", "needs-operator", "not-proven", "differs"),
                   host("web3", "lost", "applying")};
  view["differences"] = {"web2: /etc/portal.conf: mode is 0644, was 0600", "web2: /tmp/left: is there, was not"};
  const std::string text = block(view);
  EXPECT_NE(text.find("/etc/portal.conf: mode is 0644, was 0600"), std::string::npos) << text;
  EXPECT_NE(text.find("/tmp/left: is there, was not"), std::string::npos) << text;
  EXPECT_NE(text.find("put web1 back, proven; NOT back: web2 and web3; every"), std::string::npos) << text;
  EXPECT_NE(text.find("belay proof 01JD3Z6W0Q4T5V8X9Y1A2B3C4D"), std::string::npos) << text;
}

TEST(Verdict, SaysWhenNothingWasTouched) {
  Json view = ended(5);
  view["hosts"] = {host("web1", "waiting", "planned")};
  EXPECT_NE(block(view).find("nothing: no host was touched"), std::string::npos);
}

TEST(Verdict, OfManyDifferencesCountsTheRest) {
  Json view = ended(3);
  view["differences"] = Json::array();
  for (int i = 0; i < 50; ++i) view["differences"].push_back("difference " + std::to_string(i));
  const std::string text = block(view);
  EXPECT_NE(text.find("and 40 more: belay proof"), std::string::npos);
  EXPECT_LT(std::ranges::count(text, '\n'), 30);
}

TEST(Verdict, IsHarmlessWhateverHostsSay) {
  Json view = ended(3);
  view["run"]["outcome"] = view["run"]["application"] = hostile;
  view["hosts"] = {host(hostile, "needs-operator", "not-proven", hostile)};
  view["differences"] = {hostile};
  view["next"] = {hostile};
  const Json read = Json::parse(view.dump(-1, ' ', false, Json::error_handler_t::replace));
  EXPECT_TRUE(is_harmless(block(read))) << block(read);
}

}  // namespace
}  // namespace belay::cli::test
