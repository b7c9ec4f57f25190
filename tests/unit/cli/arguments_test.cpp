// Command lines: what is wrong usage and what its message says; exit codes without a daemon.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/unit/cli/recorded_io.hpp"

namespace belay::cli::test {
namespace {

TEST(Arguments, WrongUsageExits64AndSaysWhereToLook) {
  const std::vector<std::vector<std::string>> wrong{
      {},
      {"explode"},
      {"deploy"},
      {"deploy", "x.belay"},
      {"deploy", "x.belay", "-e"},
      {"deploy", "x.belay", "-e", "test", "--surprise"},
      {"deploy", "x.belay", "y.belay", "-e", "test"},
      {"plan", "x.belay", "-e", "test", "-o", "xml"},
      {"plan", "x.belay", "-e", "test", "-o", "sarif"},
      {"rehearse", "-e", "test"},
      {"rollback"},
      {"rollback", "portal"},
      {"run"},
      {"run", "explode"},
      {"run", "show"},
      {"run", "list", "--limit", "0"},
      {"run", "list", "--limit", "many"},
      {"logs", "01JD3Z6W0Q4T5V8X9Y1A2B3C4D", "--step", "-1"},
      {"diff", "portal"},
      {"baseline", "show", "portal"},
      {"block", "lift", "abc", "-e", "test"},
      {"host", "add", "web1"},
      {"host", "add", "web1", "-e", "test", "--port", "70000"},
      {"host", "add", "web1", "-e", "test", "--var", "novalue"},
      {"host", "scan-key"},
      {"package", "build", "dir"},
      {"package", "sign", "x.belay"},
      {"package", "verify", "x.belay"},
      {"lint"},
      {"help", "explode"},
      {"completion", "tcsh"},
  };
  for (const auto& arguments : wrong) {
    const Outcome outcome = belay(arguments);
    std::string line;
    for (const std::string& each : arguments) line += each + ' ';
    EXPECT_EQ(outcome.code, 64) << line << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("belay: ")) << line << outcome.err;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << line << outcome.err;
    EXPECT_TRUE(outcome.out.empty()) << line << outcome.out;
  }
}

TEST(Arguments, HostileOnesAreShownHarmless) {
  for (const auto& arguments :
       {std::vector<std::string>{hostile}, std::vector<std::string>{"run", hostile},
        std::vector<std::string>{"rollback", hostile}, std::vector<std::string>{"plan", hostile, "-e", "test"},
        std::vector<std::string>{"lint", hostile}, std::vector<std::string>{"run", "show", hostile},
        std::vector<std::string>{"host", "scan-key", hostile}, std::vector<std::string>{"help", hostile}}) {
    const Outcome outcome = belay(arguments);
    EXPECT_NE(outcome.code, 0);
    EXPECT_TRUE(is_harmless(outcome.out + outcome.err)) << outcome.err;
  }
}

TEST(Arguments, WithoutADaemonSayWhatToDo) {
  for (const auto& arguments :
       {std::vector<std::string>{"status"}, std::vector<std::string>{"run", "list"},
        std::vector<std::string>{"env", "list"}, std::vector<std::string>{"logs", "01JD3Z6W0Q4T5V8X9Y1A2B3C4D"},
        std::vector<std::string>{"proof", "01JD3Z6W0Q4T5V8X9Y1A2B3C4D"}}) {
    const Outcome outcome = belay(arguments);
    EXPECT_EQ(outcome.code, 1) << arguments.front();
    EXPECT_NE(outcome.err.find("nobody answers on the socket /nowhere/belayd.sock"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("--socket"), std::string::npos);
  }
  EXPECT_EQ(belay({"diff", "portal", "-e", "test"}).code, 2);
}

TEST(Arguments, TheSocketOfTheCommandLineWins) {
  EXPECT_NE(belay({"status", "--socket", "/elsewhere/x.sock"}).err.find("/elsewhere/x.sock"), std::string::npos);
  RecordedIo recorded;
  recorded.environment.clear();
  // The machine this runs on may have a daemon of its own there.
  EXPECT_TRUE(run({"status"}, recorded.io) == 0 ||
              recorded.err.str().find("/run/belay/belayd.sock") != std::string::npos)
      << recorded.err.str();
}

TEST(Arguments, VersionAndHelpAreAnswers) {
  EXPECT_EQ(belay({"version"}).code, 0);
  EXPECT_TRUE(belay({"version"}).out.starts_with("belay "));
  EXPECT_TRUE(Json::accept(belay({"version", "-o", "json"}).out));
  EXPECT_EQ(belay({"--help"}).code, 0);
  EXPECT_EQ(belay({"--version"}).code, 0);
  EXPECT_TRUE(belay({"help", "deploy"}).out.find("Example:") != std::string::npos);
}

// The packages' own rules are tested where they live; this is the way through the command.
TEST(Arguments, APackageFromInitToShow) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("belay-cli-" + std::to_string(::getpid()));
  const std::string dir = (folder / "release").native();
  const std::string file = (folder / "release.belay").native();
  ASSERT_EQ(belay({"package", "init", dir}).code, 0);
  const Outcome built = belay({"package", "build", dir, "-o", file, "--json"});
  ASSERT_EQ(built.code, 0) << built.err;
  const std::string digest = Json::parse(built.out)["digest"];
  EXPECT_EQ(digest.size(), 64u);
  const Outcome shown = belay({"package", "show", file, "-o", "json"});
  EXPECT_EQ(Json::parse(shown.out)["digest"], digest);
  EXPECT_NE(belay({"package", "show", file}).out.find("playbook.yaml"), std::string::npos);
  const std::string plugins = std::string(BELAY_SOURCE_DIR) + "/plugins";
  const Outcome linted = belay({"lint", dir, "--plugins", plugins});
  EXPECT_EQ(linted.code, 0) << linted.out << linted.err;
  const Json sarif = Json::parse(belay({"lint", dir, "--plugins", plugins, "-o", "sarif"}).out);
  EXPECT_EQ(sarif["version"], "2.1.0");
  EXPECT_EQ(sarif["runs"][0]["tool"]["driver"]["name"], "belay lint");
  {
    std::ofstream(folder / "release" / "playbook.yaml", std::ios::app) << "surprise: 1\n";
  }
  const Outcome bad = belay({"lint", dir, "--plugins", plugins, "-o", "sarif"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_FALSE(Json::parse(bad.out)["runs"][0]["results"][0]["locations"].empty());
  const Outcome unsigned_file = belay({"package", "verify", file, "--signers", "/dev/null"});
  EXPECT_EQ(unsigned_file.code, 1);
  EXPECT_FALSE(unsigned_file.err.empty());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace belay::cli::test
