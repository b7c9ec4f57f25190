// Every verb that reads or writes through the daemon, once as a table and once as JSON, and its exit code.
#include <gtest/gtest.h>

#include "tests/api/cli/scene.hpp"
#include "tests/support/sshd/sshd.hpp"

namespace belay::cli::test {
namespace {

using api::test::Daemon;

const std::string run_id = "01JD3Z6W0Q4T5V8X9Y1A2B3C4D";
const std::string digest(64, 'a');
const std::string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

class Verbs : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon.begin_run(run_id);
    const auto output = daemon.blobs->put("one\ntwo \x1b[2J\n");
    daemon.append(
        {Event{.type = EventType::apply_done, .run = run_id, .host = "web1", .step = 1, .output = output->hex()}});
    daemon.end_run(run_id, 2);
    daemon.append(
        {}, {PackageRow{digest, "portal", "1.0", "rel@example", "SHA256:x", 7, 1},
             BaselineRow{.application = "portal",
                         .environment = "test",
                         .version = "1.0",
                         .package = digest,
                         .run = run_id,
                         .at_ms = 1},
             BlockRow{.package = digest, .environment = "test", .run = run_id, .reason = "it failed", .at_ms = 1}});
  }
  Outcome ask(const std::vector<std::string>& arguments) { return belay(daemon.socket(), arguments); }
  Daemon daemon;
};

TEST_F(Verbs, AnswerInBothForms) {
  daemon.control->document = R"({"proven":true,"same":true,"hosts":[]})";
  ASSERT_EQ(ask({"host", "add", "web1", "-e", "test", "--address", "192.0.2.1", "--key", key}).code, 0);
  const std::vector<std::pair<std::vector<std::string>, const char*>> verbs{
      {{"status"}, "belayd 0.0-test"},
      {{"run", "list"}, "rolled-back"},
      {{"run", "list", "-a", "portal", "-e", "test", "--state", "rolled-back", "-n", "1"}, run_id.c_str()},
      {{"run", "show", run_id}, "FAILED, ROLLED BACK, PROVEN"},
      {{"run", "abort", run_id, "--reason", "x"}, "puts its hosts back"},
      {{"proof", run_id}, "PROVEN"},
      {{"diff", "portal", "-e", "test"}, "the same as its baseline"},
      {{"baseline", "list", "portal", "-e", "test"}, "1.0"},
      {{"baseline", "show", "portal", "-e", "test"}, run_id.c_str()},
      {{"block", "list"}, "it failed"},
      {{"env", "list"}, "test"},
      {{"env", "show", "test"}, "192.0.2.1"},
      {{"env", "check", "test"}, "HOST"},
      {{"host", "list"}, "web1"},
      {{"host", "show", "web1"}, key.c_str()},
      {{"host", "guard", "web1", "--show"}, "no boot hook"},
      {{"plan", digest, "-e", "test"}, "Plan"},
  };
  for (const auto& [arguments, expected] : verbs) {
    const Outcome table = ask(arguments);
    EXPECT_EQ(table.code, 0) << arguments[0] << ' ' << table.err;
    EXPECT_NE(table.out.find(expected), std::string::npos) << arguments[0] << '\n' << table.out;
    auto in_json = arguments;
    in_json.insert(in_json.end(), {"-o", "json"});
    const Outcome json = ask(in_json);
    EXPECT_EQ(json.code, 0) << arguments[0] << ' ' << json.err;
    EXPECT_TRUE(Json::accept(json.out)) << arguments[0] << '\n' << json.out;
  }
}

TEST_F(Verbs, GuardSaysWhatStandsAndWhatTheHostRefused) {
  using engine::GuardVerb;
  daemon.control->document = R"({"name":"web1","environment":"test","guard":"cron","class":"A","class_why":"alone"})";
  const Outcome installed = ask({"host", "guard", "web1"});
  EXPECT_EQ(installed.code, 0) << installed.err;
  EXPECT_EQ(installed.out, "web1: the boot hook stands, as a line of the account's crontab\nweb1: class A: alone\n");
  daemon.control->document = R"({"name":"web1","environment":"test","guard":"no","class":"B","class_why":"hook"})";
  EXPECT_EQ(ask({"host", "guard", "web1", "--show"}).out, "web1: no boot hook\nweb1: class B: hook\n");
  EXPECT_EQ(ask({"host", "guard", "web1", "--remove"}).code, 0);
  EXPECT_EQ(ask({"host", "guard", "web1", "--remove", "--show"}).code, exit_usage);
  const std::vector<std::pair<std::string, GuardVerb>> asked{
      {"web1", GuardVerb::install}, {"web1", GuardVerb::show}, {"web1", GuardVerb::remove}};
  EXPECT_EQ(daemon.control->guarded, asked);
  const std::string whole =
      "this host has no systemd that we may use and no cron that runs: there is nobody who would "
      "start a boot hook";
  daemon.control->refusal = Error{Kind::io, "guard failed on the host (code 74): " + whole, "", {}};
  const Outcome refused = ask({"host", "guard", "web1"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find(whole), std::string::npos) << refused.err;
}

TEST_F(Verbs, ExitWithWhatTheyFound) {
  daemon.control->document = R"({"proven":false,"same":false,"hosts":[{"name":"web1","ok":false}]})";
  EXPECT_EQ(ask({"proof", run_id}).code, 3);
  EXPECT_EQ(ask({"diff", "portal", "-e", "test"}).code, 1);
  EXPECT_EQ(ask({"env", "check", "test"}).code, 1);
  daemon.control->document = R"({"same":true,"problems":["web2 does not answer"]})";
  EXPECT_EQ(ask({"diff", "portal", "-e", "test"}).code, 2);
  EXPECT_EQ(ask({"env", "show", "nowhere"}).code, 1);
  EXPECT_EQ(ask({"host", "show", "nowhere"}).code, 1);
  EXPECT_EQ(ask({"run", "show", "nonsense"}).code, 1);
  EXPECT_EQ(ask({"baseline", "show", "other", "-e", "test"}).code, 1);
  EXPECT_EQ(ask({"run", "watch", run_id}).code, 2);
  EXPECT_EQ(ask({"run", "watch", "01JD3Z6W0Q4T5V8X9Y1A2B3C4F"}).code, 1);
}

TEST_F(Verbs, LogsNameHostStepAndOpOnEveryLine) {
  const Outcome logs = ask({"logs", run_id});
  EXPECT_EQ(logs.code, 0) << logs.err;
  EXPECT_EQ(logs.out, "web1 1 apply | one\nweb1 1 apply | two \\x1b[2J\n");
  EXPECT_EQ(ask({"logs", run_id, "-f"}).out, logs.out);
  EXPECT_EQ(ask({"logs", run_id, "--host", "web2"}).out, "");
  EXPECT_EQ(Json::parse(ask({"logs", run_id, "-o", "json"}).out)["host"], "web1");
  EXPECT_EQ(ask({"logs", "01JD3Z6W0Q4T5V8X9Y1A2B3C4F"}).code, 1);
}

TEST_F(Verbs, LogsCanBeFollowed) {
  const std::string live = "01JD3Z6W0Q4T5V8X9Y1A2B3C4E";
  daemon.begin_run(live);
  const Meanwhile meanwhile([&] {
    const auto output = daemon.blobs->put("late\n");
    daemon.append(
        {Event{.type = EventType::restored, .run = live, .host = "web1", .step = 1, .output = output->hex()}});
    daemon.end_run(live, 2);
  });
  EXPECT_EQ(ask({"logs", live, "-f"}).out, "web1 1 restore | late\n");
}

TEST_F(Verbs, ABlockIsLiftedWithAReason) {
  EXPECT_EQ(ask({"block", "lift", digest, "-e", "test", "--reason", "mended"}).code, 0);
  EXPECT_EQ(ask({"block", "lift", digest, "-e", "test", "--reason", "mended"}).code, 1);
  EXPECT_EQ(ask({"block", "list"}).out, "nothing is blocked\n");
}

TEST_F(Verbs, AHostWithoutAKeyIsPointedOut) {
  const Outcome added = ask({"host", "add", "web2", "-e", "test", "--address", "192.0.2.2", "--group", "web", "--group",
                             "blue", "--var", "color=blue"});
  EXPECT_EQ(added.code, 0) << added.err;
  EXPECT_NE(added.err.find("no key is pinned"), std::string::npos);
  EXPECT_NE(added.out.find("web, blue"), std::string::npos) << added.out;
  EXPECT_NE(added.out.find("color=blue"), std::string::npos);
  EXPECT_EQ(ask({"host", "add", "-x", "-e", "test"}).code, 64);
  EXPECT_EQ(ask({"host", "add", "web3", "-e", "nowhere"}).code, 1);
}

TEST_F(Verbs, AnInventoryIsImportedAndKeepsPinnedKeys) {
  const std::string file = (daemon.folder() / "hosts.yaml").native();
  std::ofstream(file) << "all:\n  children:\n    web:\n      hosts:\n        web1: {ansible_host: 192.0.2.1}\n        "
                         "web2: {ansible_host: 192.0.2.2, ansible_port: 2222}\n";
  ASSERT_EQ(ask({"host", "add", "web1", "-e", "test", "--address", "192.0.2.1", "--key", key}).code, 0);
  const Outcome dry = ask({"inventory", "import", file, "-e", "test", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_EQ(ask({"host", "show", "web2"}).code, 1);
  const Outcome imported = ask({"inventory", "import", file, "-e", "test", "-o", "json"});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(Json::parse(imported.out)["items"].size(), 2u);
  EXPECT_NE(imported.err.find("1 host has no pinned key"), std::string::npos) << imported.err;
  const Json web1 = Json::parse(ask({"host", "show", "web1", "-o", "json"}).out);
  EXPECT_EQ(web1["host_keys"][0], key);
  EXPECT_EQ(web1["groups"][0], "web");
  EXPECT_EQ(Json::parse(ask({"host", "show", "web2", "-o", "json"}).out)["port"], 2222);
}

// The scan with the real transport at a real sshd, and the key it shows pinned as it stands there.
TEST_F(Verbs, AHostsKeyIsShownComparedAndPinned) {
  const belay::test::Sshd sshd;
  const std::string port = std::to_string(sshd.port());
  const Outcome table = ask({"host", "scan-key", "127.0.0.1", "-p", port});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_NE(table.out.find(sshd.fingerprint(0)), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("--key '" + sshd.host_keys().front() + "'"), std::string::npos) << table.out;
  const Json scanned = Json::parse(ask({"host", "scan-key", "127.0.0.1", "-p", port, "-o", "json"}).out);
  EXPECT_EQ(scanned["keys"].size(), 2u);
  const Outcome added = ask({"host", "add", "web9", "-e", "test", "--address", "127.0.0.1", "-p", port, "--key",
                             scanned["keys"][0]["key"], "--key", scanned["keys"][1]["key"]});
  EXPECT_EQ(added.code, 0) << added.err;
  EXPECT_EQ(ask({"host", "scan-key", "127.0.0.1", "-p", std::to_string(belay::test::free_port())}).code, 4);
}

}  // namespace
}  // namespace belay::cli::test
