// Commands that wait for a run: they tell what happens, survive a daemon that goes away, and exit with the run's code.
#include <gtest/gtest.h>

#include <memory>

#include "tests/api/cli/scene.hpp"

namespace belay::cli::test {
namespace {

using api::test::Daemon;

constexpr const char* view_rest = R"({"phase":"forward","batches":[["web1"]],
  "steps":[{"step":1,"name":"Unpack","action":"tree"},{"step":2,"name":"Healthy","action":"http"}],
  "hosts":[{"name":"web1","batch":0,"state":"back","steps":[{"step":1,"phase":"proven"},{"step":2,"phase":"proven","note":"status is 500"}]}]})";

Event on_host(const std::string& run, EventType type, int step, bool ok = true, const std::string& note = {}) {
  return Event{.type = type, .run = run, .host = "web1", .step = step, .ok = ok, .rc = ok ? 0 : 1, .note = note};
}

void play_a_failure(Daemon& daemon, const std::string& run) {
  daemon.append({on_host(run, EventType::apply_done, 1), on_host(run, EventType::committed, 1)});
  daemon.append({on_host(run, EventType::apply_done, 2, false, "status is 500")});
  daemon.append({Event{.type = EventType::run_back, .run = run, .note = "step 2 failed on web1"}});
  daemon.append({on_host(run, EventType::rb_proven, 2), on_host(run, EventType::rb_proven, 1)});
  daemon.end_run(run, 2);
}

TEST(Deploy, SendsFollowsAndExitsWithTheRunsCode) {
  Daemon daemon;
  daemon.control->view_rest = view_rest;
  const std::string file = write_package(daemon);
  const Meanwhile meanwhile([&] { play_a_failure(daemon, started_run(daemon)); });
  const Outcome outcome = belay(daemon.socket(), {"deploy", file, "-e", "test", "--reason", "because"});
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_EQ(daemon.received.at(0).second, "signature");
  EXPECT_EQ(daemon.control->started.at(0).environment, "test");
  EXPECT_EQ(daemon.control->started.at(0).reason, "because");
  EXPECT_EQ(daemon.control->started.at(0).package, sha256("archive").hex());
  EXPECT_NE(outcome.out.find("web1  step 1/2 Unpack  applied\n"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("web1  step 2/2 Healthy  FAILED (exit 1): status is 500\n"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("GOING BACK: step 2 failed on web1\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("FAILED, ROLLED BACK, PROVEN"), std::string::npos);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos) << "no ANSI in a pipe";
}

TEST(Deploy, DoesNotSendWhatTheDaemonHas) {
  Daemon daemon;
  const std::string file = write_package(daemon);
  ASSERT_EQ(belay(daemon.socket(), {"deploy", file, "-e", "test", "--detach"}).code, 0);
  const Outcome again = belay(daemon.socket(), {"deploy", file, "-e", "test", "--no-wait", "-o", "json"});
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(Json::parse(again.out)["id"].get<std::string>().size(), 26u);
  EXPECT_EQ(daemon.received.size(), 1u);
  // A digest does as well as a file.
  EXPECT_EQ(belay(daemon.socket(), {"rehearse", sha256("archive").hex(), "-e", "test", "--detach"}).code, 0);
  EXPECT_EQ(daemon.control->started.at(2).kind, RunKind::rehearse);
}

TEST(Deploy, InJsonHasNothingButTheDocumentOnOut) {
  Daemon daemon;
  daemon.control->view_rest = view_rest;
  const std::string file = write_package(daemon);
  const Meanwhile meanwhile([&] { play_a_failure(daemon, started_run(daemon)); });
  const Outcome outcome = belay(daemon.socket(), {"deploy", file, "-e", "test", "-o", "json"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(Json::parse(outcome.out)["run"]["exit_code"], 2);
  EXPECT_NE(outcome.err.find("GOING BACK"), std::string::npos);
}

TEST(Deploy, InATerminalRedrawsInPlaceAndLeavesTheCursorVisible) {
  Daemon daemon;
  daemon.control->view_rest = view_rest;
  const std::string file = write_package(daemon);
  const Meanwhile meanwhile([&] { play_a_failure(daemon, started_run(daemon)); });
  const Outcome outcome = belay(daemon.socket(), {"deploy", file, "-e", "test"}, {true, 60, 10});
  EXPECT_EQ(outcome.code, 2);
  const std::size_t hidden = outcome.out.rfind("\x1b[?25l");
  const std::size_t shown = outcome.out.rfind("\x1b[?25h");
  ASSERT_NE(shown, std::string::npos);
  EXPECT_TRUE(hidden == std::string::npos || hidden < shown);
  EXPECT_NE(outcome.out.find("web1"), std::string::npos);
  EXPECT_GT(outcome.out.find("FAILED, ROLLED BACK, PROVEN"), shown);
}

TEST(Follow, GoesOnWhereItWasWhenTheDaemonComesBack) {
  const api::test::Folder folder;
  auto daemon = std::make_unique<Daemon>(api::ApiLimits{}, folder.path());
  daemon->control->view_rest = view_rest;
  const std::string socket = daemon->socket();
  const std::string file = write_package(*daemon);
  const Meanwhile meanwhile([&] {
    const std::string run = started_run(*daemon);
    daemon->append({on_host(run, EventType::apply_done, 1)});
    daemon.reset();
    daemon = std::make_unique<Daemon>(api::ApiLimits{}, folder.path());
    daemon->control->view_rest = view_rest;
    daemon->append({on_host(run, EventType::apply_done, 2)});
    daemon->end_run(run, 0);
  });
  const Outcome outcome = belay(socket, {"deploy", file, "-e", "test"});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* once : {"step 1/2 Unpack  applied\n", "step 2/2 Healthy  applied\n"}) {
    const std::size_t first = outcome.out.find(once);
    EXPECT_NE(first, std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find(once, first + 1), std::string::npos) << "told twice: " << outcome.out;
  }
}

TEST(Follow, GivesUpOnADaemonThatStaysAway) {
  auto daemon = std::make_unique<Daemon>();
  const std::string socket = daemon->socket();
  const std::string file = write_package(*daemon);
  const Meanwhile meanwhile([&] {
    (void)started_run(*daemon);
    daemon->stop();
  });
  const Outcome outcome = belay(socket, {"deploy", file, "-e", "test", "--patience", "0"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("belay run watch"), std::string::npos) << outcome.err;
}

TEST(Follow, ARehearsalShowsItsParts) {
  Daemon daemon;
  const std::string file = write_package(daemon);
  const std::string leg = "01JD3Z6W0Q4T5V8X9Y1A2B3C4D";
  const Meanwhile meanwhile([&] {
    const std::string run = started_run(daemon);
    daemon.begin_run(leg);
    daemon.append({Event{.type = EventType::leg_started, .run = run, .step = 1, .digest = leg}});
    daemon.append({on_host(leg, EventType::apply_done, 1)});
    daemon.end_run(leg, 0);
    daemon.append({Event{.type = EventType::leg_ended, .run = run, .step = 1, .digest = leg}});
    daemon.end_run(run, 0);
  });
  const Outcome outcome = belay(daemon.socket(), {"rehearse", file, "-e", "test"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::size_t part = outcome.out.find("rehearsal, part 1 of 3: deploy");
  ASSERT_NE(part, std::string::npos) << outcome.out;
  EXPECT_GT(outcome.out.find("applied"), part);
  EXPECT_NE(outcome.out.find("applied"), std::string::npos) << outcome.out;
}

TEST(Follow, HostilesBytesStayHarmlessInEveryForm) {
  const std::string hostile = "\x1b[2J\x1b]0;owned\x07\r\n\xc2\x9b\xe2\x80\xae fake";
  for (const Terminal terminal : {Terminal{}, Terminal{true}}) {
    for (const char* form : {"table", "json"}) {
      Daemon daemon;
      Json rest = Json::parse(view_rest);
      rest["hosts"][0]["name"] = rest["hosts"][0]["note"] = rest["steps"][0]["name"] = hostile;
      rest["next"] = {hostile};
      rest["differences"] = {hostile};
      daemon.control->view_rest = rest.dump();
      const std::string file = write_package(daemon);
      const Meanwhile meanwhile([&] {
        const std::string run = started_run(daemon);
        daemon.append({Event{.type = EventType::apply_done, .run = run, .host = hostile, .step = 1, .note = hostile}});
        daemon.append({Event{.type = EventType::run_back, .run = run, .note = hostile}});
        daemon.end_run(run, 3);
      });
      const Outcome outcome = belay(daemon.socket(), {"deploy", file, "-e", "test", "-o", form}, terminal);
      EXPECT_EQ(outcome.code, 3);
      const std::string all = outcome.out + outcome.err;
      for (const char* bad : {"\x1b[2J", "\x1b]", "\x07", "\r\n", "\xc2\x9b", "\xe2\x80\xae"}) {
        EXPECT_EQ(all.find(bad), std::string::npos) << form << ' ' << terminal.on;
      }
    }
  }
}

TEST(Start, RefusalsExitWithTheirCodes) {
  struct Case {
    Kind kind;
    int code;
  };
  for (const auto& [kind, code] : {Case{Kind::refused, 5}, Case{Kind::unreachable, 4}, Case{Kind::conflict, 1},
                                   Case{Kind::not_found, 1}, Case{Kind::internal, 1}}) {
    Daemon daemon;
    const std::string file = write_package(daemon);
    daemon.control->refusal = Error{kind, "it may not be", "ask the release manager", {}};
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"deploy", file, "-e", "test"},
                                                      std::vector<std::string>{"rollback", "portal", "-e", "test"},
                                                      std::vector<std::string>{"plan", file, "-e", "test"}}) {
      const Outcome outcome = belay(daemon.socket(), arguments);
      EXPECT_EQ(outcome.code, code) << arguments.front();
      EXPECT_EQ(outcome.err, "belay: it may not be. ask the release manager\n");
      EXPECT_EQ(outcome.out, "");
    }
  }
}

TEST(Rollback, OfAnApplicationOrARun) {
  Daemon daemon;
  EXPECT_EQ(
      belay(daemon.socket(), {"rollback", "portal", "-e", "test", "--reason", "login is broken", "--detach"}).code, 0);
  EXPECT_EQ(belay(daemon.socket(), {"rollback", "01JD3Z6W0Q4T5V8X9Y1A2B3C4D", "--detach"}).code, 0);
  const auto& started = daemon.control->started;
  EXPECT_EQ(started.at(0).application, "portal");
  EXPECT_EQ(started.at(0).reason, "login is broken");
  EXPECT_EQ(started.at(1).of, "01JD3Z6W0Q4T5V8X9Y1A2B3C4D");
  EXPECT_EQ(started.at(1).kind, RunKind::rollback);
}

}  // namespace
}  // namespace belay::cli::test
