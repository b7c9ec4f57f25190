// What a step may say beside its action, and what the plan says beforehand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A step that leaves its name in {{ outside }}/count.
std::string leaves(const std::string& name, const std::string& more = {}) {
  return "- name: " + name + "\n  command: {run: [sh, -c, 'echo \"$1\" >>\"$2/count\"', sh, " + name +
         ", \"{{ outside }}\"], touches: []}\n" + more;
}

TEST(Step, RunsWhereWhenAndAsOftenAsItSays) {
  Train train({{.name = "dev", .hosts = 2}});
  train.start();
  const std::string steps = leaves("once", "  run_once: true\n") +
                            leaves("here", "  when: os != \"plan9\" and uid >= 0\n") +
                            leaves("nowhere", "  when: facts.os == \"plan9\"\n") + leaves("narrow", "  hosts: dev2\n") +
                            "- name: Ask\n  command: {run: [\"true\"], touches: []}\n  register: asked\n" +
                            leaves("answered", "  when: asked.ok\n") + leaves("unanswered", "  when: asked.rc != 0\n") +
                            "- name: Again\n  retries: 2\n  command: {run: [sh, -c, 'echo try >>\"$1/count\"; test -e "
                            "\"$1/tried\" || { touch \"$1/tried\"; exit "
                            "1; }', sh, \"{{ outside }}\"], touches: []}\n";
  const Outcome done = train.belay({"deploy", train.build({.version = "1.0", .steps = steps}), "-e", "dev"});
  ASSERT_EQ(done.code, 0) << done.all() << train.log();
  EXPECT_EQ(executions(train.host("dev1")), "once\nhere\nanswered\ntry\ntry\n");
  EXPECT_EQ(executions(train.host("dev2")), "here\nnarrow\nanswered\ntry\ntry\n");
}

TEST(Plan, SaysWhatEachStepWouldDoAndIsTheSameForTheSame) {
  Train train;
  train.start();
  const std::string opaque = "- name: Restart the world\n  command: {run: [\"true\"], touches: []}\n";
  ASSERT_EQ(train.belay({"deploy", train.build(shop("1.0")), "-e", "dev"}).code, 0) << train.log();
  const Tree before = train.apps();
  const auto package = train.build(shop("1.1", opaque));
  const auto plan = train.json({"plan", package, "-e", "dev"});
  EXPECT_EQ(train.json({"plan", package, "-e", "dev"})["digest"], plan["digest"]);
  EXPECT_NE(train.json({"plan", train.build(shop("1.2", opaque)), "-e", "dev"})["digest"], plan["digest"]);

  const auto& steps = plan["hosts"][0]["steps"];
  ASSERT_EQ(steps.size(), 5u);
  const std::string configure = steps[1].dump();
  EXPECT_THAT(configure, AllOf(HasSubstr("\"changed\""), HasSubstr("-version=1.0"), HasSubstr("+version=1.1")));
  EXPECT_THAT(steps[0].dump(), HasSubstr("\"new\""));
  EXPECT_EQ(steps[4]["opaque"], true);
  const Outcome text = train.belay({"plan", package, "-e", "dev"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("+version=1.1"), HasSubstr("opaque"), HasSubstr("Restart the world")));
  EXPECT_THAT(differences(before, train.apps()), IsEmpty()) << "a plan changes nothing";
  const auto same = train.json({"plan", train.build(shop("1.0")), "-e", "dev"});
  EXPECT_THAT(same["hosts"][0]["steps"][1].dump(), HasSubstr("\"unchanged\""));

  // What runs is what was submitted, whatever becomes of the file.
  const std::string digest = plan["package"];
  spill(package, "not a package any more");
  fs::remove_all(fs::path(package).replace_extension());
  const Outcome done = train.belay({"deploy", digest, "-e", "dev"});
  EXPECT_EQ(done.code, 0) << done.all() << train.log();
  EXPECT_TRUE(stands(train.host("dev1"), "1.1"));
}

// A service that serves what a release brings, and a check that believes only what it sees.
TEST(Service, ComesBackRunningAsItDidWhenTheNewReleaseDoesNotAnswer) {
  Train train;
  train.start();
  const std::string port = std::to_string(free_port());
  const auto release = [&](const std::string& version, const std::string& expected) {
    Release out = shop(version);
    out.steps =
        "- name: Unpack\n  tree: {from: files/site, to: \"{{ root }}/site\"}\n"
        "- name: Serve\n  service: {name: web, state: restarted, manager: process, pid_file: \"{{ root }}/web.pid\","
        " start: [busybox, httpd, -f, -p, \"127.0.0.1:" +
        port +
        "\", -h, \"{{ root }}/site\"]}\n"
        "- name: Answers\n  http: {url: \"http://127.0.0.1:" +
        port + "/index.html\", contains: \"" + expected + "\", within: 5s}\n";
    return out;
  };
  const auto served = [&] { return run({"/usr/bin/curl", "-s", "http://127.0.0.1:" + port + "/index.html"}); };
  const Tree nothing = train.apps();
  const Outcome first = train.belay({"deploy", train.build(release("1.0", "welcome to 1.0")), "-e", "dev"});
  ASSERT_EQ(first.code, 0) << first.all() << train.log();
  EXPECT_EQ(served(), "welcome to 1.0\n");
  const Outcome second = train.belay({"deploy", train.build(release("1.1", "something else")), "-e", "dev"});
  EXPECT_EQ(second.code, 2) << second.all() << train.log();
  EXPECT_EQ(served(), "welcome to 1.0\n");
  EXPECT_EQ(train.belay({"rollback", "shop", "-e", "dev"}).code, 0) << train.log();
  EXPECT_THAT(differences(nothing, train.apps()), IsEmpty());
  EXPECT_THROW(served(), std::runtime_error) << "the service still runs";
}

}  // namespace
}  // namespace belay::test
