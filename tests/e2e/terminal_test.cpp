// What a person sees of a run on a terminal: the real command, drawn by its real bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::size_t times(const Screen& screen, const std::string& text) {
  std::size_t out = 0;
  for (const std::string& line : screen.lines()) out += line.find(text) != std::string::npos ? 1u : 0u;
  return out;
}

void end_as_they_should(const Pty& terminal, const std::string& title) {
  const Screen& screen = terminal.screen();
  EXPECT_TRUE(screen.cursor_visible());
  EXPECT_TRUE(screen.plain()) << "a colour is left set";
  EXPECT_THAT(screen.foreign(), IsEmpty()) << terminal.bytes();
  EXPECT_EQ(times(screen, title), 1u) << terminal.bytes();
}

TEST(Terminal, ShowsARowPerHostWithItsBarItsTimeAndItsStep) {
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  const std::string file = train.build(note("1.0", holds_on("dev2")));
  const auto terminal = train.on_terminal({"deploy", file, "-e", "dev"});
  const auto row = [&] { return terminal->screen().line("dev2 "); };
  ASSERT_TRUE(terminal->until([&](const Screen&) { return row().find("applying") != std::string::npos; }))
      << terminal->bytes();
  EXPECT_FALSE(terminal->screen().cursor_visible());
  ASSERT_TRUE(terminal->until([&](const Screen&) { return row().find("1/2") != std::string::npos; })) << row();
  EXPECT_THAT(row(), AllOf(HasSubstr("████████░░░░░░░░"), HasSubstr("Hold")));
  EXPECT_THAT(terminal->screen().line("deploy shop 1.0 to dev"), HasSubstr("going forward"));
  // Time goes on in the row, though nothing happens.
  const std::string was = row();
  ASSERT_TRUE(terminal->until([&](const Screen&) { return row() != was; })) << terminal->bytes();
  EXPECT_THAT(row(), AllOf(HasSubstr("████████░░░░░░░░"), HasSubstr("Hold"), HasSubstr("0:")));

  spill(train.host("dev2").outside / "go", "");
  EXPECT_EQ(terminal->finish(), 0) << terminal->bytes();
  end_as_they_should(*terminal, "DONE, VERIFIED");
  const Screen& screen = terminal->screen();
  EXPECT_TRUE(screen.coloured());
  EXPECT_TRUE(screen.redrawn());
  EXPECT_EQ(screen.wraps(), 0);
  EXPECT_EQ(times(screen, "deploy shop 1.0 to dev"), 1u) << "frames stand below each other";
  for (const char* host : {"dev1 ", "dev2 "})
    EXPECT_THAT(screen.line(host), AllOf(HasSubstr("████████████████"), HasSubstr("2/2"), EndsWith("done")));
}

TEST(Terminal, NeverGetsWhatAHostPrints) {
  Train train;
  train.start();
  const std::string file = train.build(lying("1.0"));
  const auto deploy = train.on_terminal({"deploy", file, "-e", "dev"});
  EXPECT_EQ(deploy->finish(), 2) << deploy->bytes();
  end_as_they_should(*deploy, "FAILED, ROLLED BACK, PROVEN");
  EXPECT_THAT(deploy->screen().line("dev1 "), HasSubstr("put back and proven"));
  const std::string run = train.json({"run", "list"})["items"][0]["id"];
  for (const Words& words : {Words{"logs", run}, Words{"run", "show", run}, Words{"run", "watch", run}}) {
    const auto terminal = train.on_terminal(words);
    terminal->finish();
    EXPECT_THAT(terminal->screen().foreign(), IsEmpty()) << words.front() << terminal->bytes();
    EXPECT_TRUE(terminal->screen().cursor_visible());
    EXPECT_THAT(terminal->screen().lines(), Each(Not(StartsWith("2026-01-01T00")))) << "a forged line of the log";
    EXPECT_THAT(terminal->screen().lines(), Each(Not(StartsWith("dev1 1 apply | forged"))))
        << "a forged line of a step";
  }
  const auto logs = train.on_terminal({"logs", run});
  EXPECT_EQ(logs->finish(), 0);
  EXPECT_THAT(logs->bytes(), HasSubstr("\\x1b[31mred"));
}

TEST(Terminal, IsDrawnForWhateverItCanDo) {
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  struct Case {
    const char* version;
    TerminalSize size;
    Words variables;
    bool drawn;
    bool coloured;
  };
  const std::vector<Case> cases{
      {"1.0", {.columns = 40, .rows = 12}, {"TERM=xterm"}, true, true},
      {"1.1", {}, {"TERM=xterm", "NO_COLOR=1"}, true, false},
      {"1.2", {}, {"TERM=dumb"}, false, false},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.version);
    for (const TrainHost& host : train.hosts()) std::filesystem::remove(host.outside / "go");
    const std::string file = train.build(note(one.version, holds_on("dev2")));
    const auto terminal = train.on_terminal({"deploy", file, "-e", "dev"}, one.size, one.variables);
    const Screen& screen = terminal->screen();
    if (one.drawn) {
      EXPECT_TRUE(terminal->until([](const Screen& s) {
        return s.line("dev2 ").find("applying") != std::string::npos;
      })) << terminal->bytes();
      EXPECT_EQ(screen.wraps(), 0) << "a frame is wider than the terminal: " << terminal->bytes();
    }
    spill(train.host("dev2").outside / "go", "");
    EXPECT_EQ(terminal->finish(), 0) << terminal->bytes();
    end_as_they_should(*terminal, "DONE, VERIFIED");
    EXPECT_EQ(screen.redrawn(), one.drawn);
    EXPECT_EQ(screen.coloured(), one.coloured);
    if (one.drawn)
      EXPECT_THAT(screen.line("dev2 "), AllOf(HasSubstr("2/2"), EndsWith("done")));
    else
      EXPECT_EQ(terminal->bytes().find('\x1b'), std::string::npos);
  }
}

TEST(Terminal, GivesTheCursorBackOnCtrlCAndTheRunGoesOn) {
  Train train;
  train.start();
  const std::string file = train.build(note("1.0", holds_on("dev1")));
  const auto terminal = train.on_terminal({"deploy", file, "-e", "dev"});
  ASSERT_TRUE(terminal->until([](const Screen& screen) {
    return screen.line("dev1 ").find("Hold") != std::string::npos;
  })) << terminal->bytes();
  terminal->type("\x03");
  EXPECT_EQ(terminal->finish(), 130) << terminal->bytes();
  EXPECT_TRUE(terminal->screen().cursor_visible());
  EXPECT_THAT(terminal->screen().foreign(), IsEmpty());
  EXPECT_THAT(terminal->bytes(), HasSubstr("the run goes on"));
  const std::string run = train.json({"run", "list"})["items"][0]["id"];
  spill(train.host("dev1").outside / "go", "");
  EXPECT_EQ(train.belay({"run", "watch", run}).code, 0) << train.log();
}

}  // namespace
}  // namespace belay::test
