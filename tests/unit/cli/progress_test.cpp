// A run while it runs: one line per host for a terminal, one line per event for a pipe.
#include "cli/progress.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/cli/recorded_io.hpp"

namespace belay::cli::test {
namespace {

Json a_view() {
  return Json::parse(R"({
    "run": {"id": "01JD3Z6W0Q4T5V8X9Y1A2B3C4D", "kind": "deploy", "application": "permits-portal", "version": "1.2",
            "environment": "production", "state": "running", "exit_code": -1, "created_ms": 1000000, "ended_ms": 0},
    "phase": "forward", "batches": [["web1"], ["web2", "web3"]],
    "steps": [{"step": 1, "name": "Unpack", "action": "tree"}, {"step": 2, "name": "Configure", "action": "template"},
              {"step": 3, "name": "Healthy", "action": "http"}],
    "hosts": [
      {"name": "web1", "batch": 0, "state": "done", "steps": [{"step": 1, "phase": "committed"}, {"step": 2, "phase": "skipped"}, {"step": 3, "phase": "committed"}]},
      {"name": "web2", "batch": 1, "state": "working", "steps": [{"step": 1, "phase": "committed"}, {"step": 2, "phase": "applying"}, {"step": 3, "phase": "planned"}]},
      {"name": "web3", "batch": 1, "state": "lost", "note": "the connection broke", "steps": [{"step": 1, "phase": "applying"}]}
    ]})");
}

TEST(Progress, IsOneLinePerHost) {
  const std::map<std::string, Times> times{{"web1", {1'000'000, 1'012'000}}, {"web2", {1'020'000, 1'021'000}}};
  const auto lines = progress_lines(read_view(a_view()), times, 1'042'000, Canvas{80, 24, true, Paint{}});
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "deploy permits-portal 1.2 to production  going forward, batch 2 of 2  0:42",
                       "web1  ████████████████    3/3   0:12             done",
                       "web2  █████░░░░░░░░░░░    1/3   0:22  Configure  applying",
                       "web3  ░░░░░░░░░░░░░░░░    0/1      -             lost: the connection broke",
                   }));
}

TEST(Progress, GoesBackwardsWhenTheRunDoes) {
  Json view = a_view();
  view["phase"] = "back";
  view["hosts"][0] = Json::parse(
      R"({"name": "web1", "batch": 0, "state": "going-back", "steps": [{"step": 1, "phase": "committed"}, {"step": 2, "phase": "skipped"}, {"step": 3, "phase": "restoring"}]})");
  view["hosts"][1] = Json::parse(
      R"({"name": "web2", "batch": 1, "state": "back", "steps": [{"step": 1, "phase": "proven"}, {"step": 2, "phase": "proven"}, {"step": 3, "phase": "planned"}]})");
  const auto lines = progress_lines(read_view(view), {}, 1'042'000, Canvas{80, 24, false, Paint{}});
  EXPECT_NE(lines[0].find("GOING BACK"), std::string::npos);
  EXPECT_EQ(lines[1], "web1  ----------------    0/2      -  Healthy    restoring");
  EXPECT_EQ(lines[2], "web2  ################    2/2      -             put back and proven");
}

TEST(Progress, NeverBreaksTheTerminal) {
  Json view = a_view();
  for (const char* member : {"application", "version", "environment"})
    view["run"][member] = hostile + std::string(300, 'x');
  for (Json& step : view["steps"]) step["name"] = hostile;
  for (Json& host : view["hosts"]) {
    host["name"] = hostile;
    host["note"] = hostile;
    host["state"] = "needs-operator";
  }
  const Json read = Json::parse(view.dump(-1, ' ', false, Json::error_handler_t::replace));
  for (const int columns : {20, 40, 57, 80, 200}) {
    for (const std::string& line : progress_lines(read_view(read), {}, 1'042'000, Canvas{columns, 24, true, Paint{}})) {
      EXPECT_TRUE(is_harmless(line)) << line;
      EXPECT_EQ(line.find('\n'), std::string::npos);
      EXPECT_LE(width_of(line), columns) << line;
    }
  }
}

TEST(Progress, ShowsThoseThatNeedEyesWhenThereAreManyHosts) {
  Json view = a_view();
  view["hosts"] = Json::array();
  for (int i = 0; i < 100; ++i)
    view["hosts"].push_back({{"name", "web" + std::to_string(i)}, {"batch", 0}, {"state", "done"}});
  view["hosts"][77]["state"] = "needs-operator";
  view["hosts"][78]["state"] = "working";
  const auto lines = progress_lines(read_view(view), {}, 1'042'000, Canvas{80, 10, true, Paint{}});
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_TRUE(lines[1].starts_with("web77")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("web78")) << lines[2];
  EXPECT_EQ(lines.back(), "and 94 more: 94 done");
}

TEST(Progress, OfAnEmptyDocumentIsStillAHeadline) {
  EXPECT_EQ(progress_lines(read_view(Json::object()), {}, 0, Canvas{}).size(), 1u);
  EXPECT_EQ(progress_lines(read_view(Json::parse("[1,2]")), {}, 0, Canvas{}).size(), 1u);
  EXPECT_EQ(
      progress_lines(read_view(Json::parse(R"({"run":7,"hosts":{"a":1},"steps":[null,3]})")), {}, 0, Canvas{}).size(),
      1u);
}

TEST(EventLines, TellAPersonWhatHappened) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  struct Case {
    const char* event;
    const char* line;  // null: nothing to tell
  };
  const std::vector<Case> cases{
      {R"({"type":"apply-done","host":"web1","step":2})", "12:00:03 web1  step 2/3 Configure  applied"},
      {R"({"type":"apply-done","host":"web1","step":2,"ok":false,"rc":7,"note":"no such file"})",
       "12:00:03 web1  step 2/3 Configure  FAILED (exit 7): no such file"},
      {R"({"type":"verify-done","host":"web1","step":3,"ok":false,"note":"status is 500"})",
       "12:00:03 web1  step 3/3 Healthy  CHECK FAILED: status is 500"},
      {R"({"type":"verify-done","host":"web1","step":3,"ok":true})", nullptr},
      {R"({"type":"skipped","host":"web1","step":2,"note":"not for this host"})",
       "12:00:03 web1  step 2/3 Configure  skipped: not for this host"},
      {R"({"type":"restored","host":"web1","step":1})", "12:00:03 web1  step 1/3 Unpack  put back"},
      {R"({"type":"rollback-proven","host":"web1","step":1,"ok":true})",
       "12:00:03 web1  step 1/3 Unpack  proven equal to its snapshot"},
      {R"({"type":"rollback-proven","host":"web1","step":1,"ok":false,"note":"/etc/x: mode is 0644, was 0600"})",
       "12:00:03 web1  step 1/3 Unpack  NOT PROVEN: /etc/x: mode is 0644, was 0600"},
      {R"({"type":"host-lost","host":"web1","note":"worker ended"})", "12:00:03 web1  CONNECTION LOST: worker ended"},
      {R"({"type":"host-cut","host":"web1"})", "12:00:03 web1  stopped by Belay: the run turns back"},
      {R"({"type":"host-ready","host":"web1"})", "12:00:03 web1  ready"},
      {R"({"type":"host-fenced","host":"web1"})", nullptr},
      {R"({"type":"snap-intent","host":"web1","step":1})", nullptr},
      {R"({"type":"apply-intent","host":"web1","step":1})", nullptr},
      {R"({"type":"committed","host":"web1","step":1})", nullptr},
      {R"({"type":"run-back","note":"step 3 failed on web1"})", "12:00:03 GOING BACK: step 3 failed on web1"},
      {R"({"type":"run-ended","rc":2,"note":"rolled back"})", "12:00:03 the run has ended: rolled back"},
      {R"({"type":"leg-started","step":2})", "12:00:03 rehearsal, part 2 of 3: roll back"},
      {R"({"type":"something-new"})", nullptr},
  };
  const RunView view = read_view(a_view());
  for (const Case& each : cases) {
    Json event = Json::parse(each.event);
    event["at_ms"] = 1'763'812'803'000;
    const auto line = event_line(read_event(event), view, Paint{});
    EXPECT_EQ(line.value_or("(nothing)"), each.line == nullptr ? "(nothing)" : std::string(each.line)) << each.event;
  }
}

TEST(EventLines, OfHostileEventsAreOneHarmlessLine) {
  const Json event{{"type", "apply-done"},
                   {"host", "web\x1b[2J\n1"},
                   {"step", 2},
                   {"ok", false},
                   {"rc", 1},
                   {"note", "a\nfake belay: line\r\x1b[1A"}};
  const auto line = event_line(read_event(event), read_view(a_view()), Paint{});
  ASSERT_TRUE(line);
  EXPECT_TRUE(is_harmless(*line));
  EXPECT_EQ(line->find('\n'), std::string::npos);
}

}  // namespace
}  // namespace belay::cli::test
