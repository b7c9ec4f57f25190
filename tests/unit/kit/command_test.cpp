// The actions command, wait and http.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
class CommandTest : public KitTest {
 protected:
  void SetUp() override { host_.without_sync(); }
};

std::vector<std::string> hostile_words() {
  std::vector<std::string> all = {"",
                                  "-n",
                                  "--",
                                  "-oProxyCommand=id",
                                  "$(id)",
                                  "`id`",
                                  "a b",
                                  "\n",
                                  "trailing\n\n",
                                  "'\"\\",
                                  "*",
                                  "~",
                                  "$IFS",
                                  "\\n\\0101%s",
                                  "{{ x }}",
                                  "\x01\x02\x7f\x80\xff",
                                  "\r\x1b[31m",
                                  "a;b|c&d>e",
                                  "caf\xc3\xa9"};
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes += static_cast<char>(c);
  all.push_back(bytes);
  std::mt19937 random(42);
  std::string big;
  while (big.size() < 131000) big += static_cast<char>(1 + random() % 255);
  all.push_back(big);
  for (int n = 0; n < 20; ++n) {
    std::string word;
    for (std::size_t size = random() % 40; size > 0; --size) word += static_cast<char>(1 + random() % 255);
    all.push_back(word);
  }
  return all;
}

// Every byte of every argument arrives as it was intended (threats F-61).
TEST_P(CommandTest, ArgumentsArriveAsTheyWereIntended) {
  const std::vector<std::string> hostile = hostile_words();
  std::vector<std::string> argv = {
      "sh", "-c",
      "out=$1; shift; for a; do printf '%s\\000' \"$a\"; done >\"$out\"; printf '%s' \"$WORD\" >\"$out.env\"", "sh",
      live("seen")};
  std::string intended;
  for (const std::string& word : hostile) {
    argv.push_back(word);
    intended += word + '\0';
  }
  Step step = command(argv);
  step.params["env.k.WORD"] = hostile[19];
  const Reply applied = apply(1, step);
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_TRUE(read_file(live("seen")) == intended);
  EXPECT_EQ(read_file(live("seen.env")), hostile[19]);
}

TEST_P(CommandTest, UndoAndStateAreTheWayBackAndTheProof) {
  write_file(live("db"), "rows: 1\n");
  Step step = command({"sh", "-c", "echo 'rows: 2' >\"$1\"", "sh", live("db")});
  Params resource =
      words("undo", {"sh", "-c", "echo 'rows: 1' >\"$1\"; echo undone >>\"$2\"", "sh", live("db"), live("log")});
  resource.merge(words("state", {"cat", live("db")}));
  resource.merge(words("run", {"sh"}));
  step.touches = {{"command", resource}};
  EXPECT_EQ(plan(step), "opaque - - command\n");
  ASSERT_EQ(apply(1, step).get("rc"), "0");
  EXPECT_EQ(host_.do_step("manifest", 1).get("manifest"), "# 0 command sh\n= 000001 rows:\\0402\n");
  roll_back(1);
  roll_back(1);
  EXPECT_EQ(read_file(live("log")), "undone\n") << "undo ran again although the state was right";
}

// A machine whose power was cut after the commit must stand as committed.
TEST_P(CommandTest, WhatItWroteIsOnTheDiskBeforeItIsDone) {
  const fs::path sync = host_.fake_tools() / "sync";
  fs::remove(sync);
  write_file(sync, "#!/bin/sh\nfor word; do echo \"$word\"; done >>\"" + live("synced") + "\"\n");
  fs::permissions(sync, fs::perms(0755));
  write_file(live("data/old"), "old\n");
  const Step step = command({"sh", "-c", "echo new >\"$1/new\"", "sh", live("data")}, live("data"));
  ASSERT_EQ(apply(1, step).get("rc"), "0");
  const std::string order = read_file(live("synced"));
  const auto written = order.find(live("data/new") + "\n");
  ASSERT_NE(written, std::string::npos) << order;
  EXPECT_LT(written, order.find("apply.rc")) << order;
}

TEST_P(CommandTest, WhatWasNotDoneIsNotUndone) {
  Step step = command({"touch", live("made")});
  step.params["creates"] = host_.live().string();
  step.touches = {{"command", words("undo", {"touch", live("undone")})}};
  const Reply applied = apply(1, step);
  EXPECT_EQ(applied.get("changed"), "no") << applied.text();
  roll_back(1);
  EXPECT_FALSE(fs::exists(live("made")));
  EXPECT_FALSE(fs::exists(live("undone")));
}

TEST_P(CommandTest, ThePayloadIsItsDirectory) {
  Step step = command({"sh", "-c", "sh tools/run.sh \"$1\"", "sh", live("out")}, live("out"));
  step.params["from"] =
      "d 0755 - tools -\nf 0755 " + host_.blob("echo from the payload >\"$1\"\n") + " tools/run.sh -\n";
  const Reply applied = apply(1, step);
  ASSERT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(read_file(live("out")), "from the payload\n");
  Step elsewhere = command({"sh", "-c", "pwd"});
  elsewhere.params["chdir"] = host_.live().string();
  EXPECT_EQ(apply(2, elsewhere).get("out"), host_.live().string() + "\n");
  const Reply failed = apply(3, command({"sh", "-c", "echo why >&2; exit 7"}));
  EXPECT_EQ(failed.get("rc"), "7");
  EXPECT_EQ(failed.get("out"), "why\n");
}

// A server for the checks, on a port of the loopback that was free a moment ago.
class Server {
 public:
  explicit Server(const fs::path& root) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::close(fd);
    process_ =
        std::make_unique<Process>(std::vector<std::string>{"/usr/bin/busybox", "httpd", "-f", "-p",
                                                           fmt::format("127.0.0.1:{}", port_), "-h", root.string()},
                                  std::vector<std::string>{});
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

TEST_P(CommandTest, WaitAndHttpAskUntilItIsRight) {
  write_file(live("www/health"), "all is\nwell\n");
  const Server server(live("www"));
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(apply(1, {"wait", {{"port", port}}, {}}).get("rc"), "0");
  const std::string url = "http://127.0.0.1:" + port;
  const Reply well = apply(
      2, {"http", {{"url", url + "/health"}, {"contains", "is\nwell"}, {"consecutive", "2"}, {"every", "0"}}, {}});
  EXPECT_EQ(well.get("rc"), "0") << well.text();
  EXPECT_EQ(well.get("changed"), "no");
  EXPECT_EQ(apply(3, {"http", {{"url", url + "/none"}, {"status", "404"}}, {}}).get("rc"), "0");
  const Reply wrong = apply(4, {"http", {{"url", url + "/none"}, {"within", "0"}}, {}});
  EXPECT_EQ(wrong.get("rc"), "1");
  EXPECT_NE(wrong.get("out").find("answered 404 in place of 200"), std::string::npos) << wrong.text();
  const Reply without = apply(5, {"http", {{"url", url + "/health"}, {"contains", "ill"}, {"within", "0"}}, {}});
  EXPECT_EQ(without.get("rc"), "1");
  EXPECT_NE(without.get("out").find("without the text"), std::string::npos) << without.text();
  const Reply nobody = apply(6, {"http", {{"url", "http://127.0.0.1:1/"}, {"within", "0"}}, {}});
  EXPECT_NE(nobody.get("out").find("did not answer"), std::string::npos) << nobody.text();
  EXPECT_EQ(apply(7, {"http", {{"url", url + "/none"}, {"from", "daemon"}}, {}}).get("rc"), "0");
  EXPECT_EQ(apply(8, {"wait", {{"path", live("www")}}, {}}).get("rc"), "0");
  EXPECT_EQ(apply(9, {"wait", {{"path", live("none")}, {"within", "0"}}, {}}).get("rc"), "1");
  EXPECT_EQ(apply(10, {"wait", {{"for", "0"}}, {}}).get("rc"), "0");
  EXPECT_EQ(plan({"http", {{"url", url}}, {}}), "");
}

INSTANTIATE_TEST_SUITE_P(Shells, CommandTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
