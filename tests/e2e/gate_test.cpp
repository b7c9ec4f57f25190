// What production asks for before a run may touch it, and what keeps runs and daemons out of each other's way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* strict = "require: {direct: true, rehearsed_in: test}";

TEST(Gate, ProductionTakesOnlyWhatWasRehearsedWithThisVeryDigest) {
  Train train({{.name = "test", .tier = "test"}, {.name = "prod", .tier = "production", .more = strict}});
  train.start();
  const Tree before = train.apps();
  const auto deploy = [&](const std::filesystem::path& package) {
    return train.belay({"deploy", package, "-e", "prod"});
  };
  const auto refused = [&](const Outcome& said) {
    EXPECT_EQ(said.code, 5) << said.all();
    EXPECT_THAT(said.err, HasSubstr("KY-3"));
    EXPECT_THAT(said.err, HasSubstr("belay rehearse FILE -e test"));
  };

  const auto good = train.build(note("1.0"), train.signer());
  refused(deploy(good));

  const auto bad = train.build(note("0.9", fails_on("test1")), train.signer());
  EXPECT_EQ(train.belay({"rehearse", bad, "-e", "test"}).code, 2);
  const Outcome said = deploy(bad);
  refused(said);
  EXPECT_THAT(said.err, HasSubstr("did not pass"));
  EXPECT_THAT(differences(before, train.apps()), IsEmpty());

  const Outcome rehearsed = train.belay({"rehearse", good, "-e", "test"});
  EXPECT_EQ(rehearsed.code, 0) << rehearsed.all() << train.log();
  EXPECT_THAT(rehearsed.out, AllOf(HasSubstr("part 1 of 3"), HasSubstr("part 2 of 3"), HasSubstr("part 3 of 3")));
  EXPECT_THAT(rehearsed.out, AllOf(HasSubstr("1 deploy: 1 step on 1 host, all verified"),
                                   HasSubstr("2 roll back and prove: 1 host put back, each proven"),
                                   HasSubstr("3 deploy again: 1 step on 1 host, all verified")));
  const std::string newest = train.json({"run", "list"})["items"][0]["of"];  // its last part
  EXPECT_EQ(train.json({"proof", newest})["proven"], true) << "the proof of a rehearsal is that of its way back";
  EXPECT_EQ(slurp(train.host("test1").app / "note"), "note 1.0\n");

  Release twin = note("1.0");
  twin.files["files/site/index.html"] = "one byte is enough\n";
  refused(deploy(train.build(twin, train.signer())));

  const Outcome done = deploy(train.build(note("1.0"), train.signer()));
  EXPECT_EQ(done.code, 0) << done.all() << train.log();
  EXPECT_EQ(slurp(train.host("prod1").app / "note"), "note 1.0\n");
  // One environment against another: 1 when they differ, as `diff` does; 2 is for trouble.
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "prod", "--against", "test"}).code, 0);
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "prod", "--against", "tset"}).code, 2);
  EXPECT_EQ(train.belay({"deploy", train.build(note("1.1"), train.signer()), "-e", "test"}).code, 0);
  const Outcome against = train.belay({"diff", "shop", "-e", "prod", "--against", "test"});
  EXPECT_EQ(against.code, 1) << against.all();
  EXPECT_THAT(against.out, AllOf(HasSubstr("prod has 1.0"), HasSubstr("test has 1.1"), HasSubstr("content")));
  // A rehearsal does not belong into production.
  EXPECT_EQ(train.belay({"rehearse", good, "-e", "prod"}).code, 5);
}

TEST(Gate, ASignatureDriftAndAStepWithoutAWayBackAreRefusedWithTheReason) {
  Train train({{.name = "prod", .tier = "production", .more = "require: {direct: true, rehearsal: false}"}});
  train.start();
  const TrainHost& host = train.host("prod1");
  const Tree untouched = train.apps();
  const Outcome no_signature = train.belay({"deploy", train.build(note("1.0")), "-e", "prod"});
  EXPECT_EQ(no_signature.code, 5) << no_signature.all();
  EXPECT_THAT(no_signature.err, HasSubstr("belay package sign"));
  const Outcome foreign = train.belay({"deploy", train.build(note("1.0"), train.stranger()), "-e", "prod"});
  EXPECT_EQ(foreign.code, 5) << foreign.all();

  const auto lasting =
      train.build(note("1.0", "- name: Forever\n  irreversible: true\n  command: {run: [\"true\"]}\n"), train.signer());
  const Outcome irreversible = train.belay({"deploy", lasting, "-e", "prod"});
  EXPECT_EQ(irreversible.code, 5) << irreversible.all();
  EXPECT_THAT(irreversible.err, AllOf(HasSubstr("KY-2"), HasSubstr("Forever"), HasSubstr("allow_irreversible")));
  // The same without the word: nothing says how it would go back, so the package is not even taken.
  const auto silent = train.build(note("1.0", "- name: Somehow\n  command: {run: [\"true\"]}\n"), train.signer());
  const Outcome somehow = train.belay({"deploy", silent, "-e", "prod"});
  EXPECT_EQ(somehow.code, 1) << somehow.all();
  EXPECT_THAT(somehow.err, AllOf(HasSubstr("opaque and irreversible"), HasSubstr("playbook.yaml:")));
  EXPECT_THAT(differences(untouched, train.apps()), IsEmpty());

  const Outcome first = train.belay({"deploy", train.build(note("1.0"), train.signer()), "-e", "prod"});
  ASSERT_EQ(first.code, 0) << first.all() << train.log();
  spill(host.app / "note", "changed by hand\n");
  const Tree drifted = train.apps();
  const Outcome refused = train.belay({"deploy", train.build(note("1.1"), train.signer()), "-e", "prod"});
  EXPECT_EQ(refused.code, 5) << refused.all() << train.log();
  EXPECT_THAT(refused.all(), HasSubstr((host.app / "note").string()));
  EXPECT_THAT(refused.all(), HasSubstr("MA-8.1.5"));
  EXPECT_THAT(differences(drifted, train.apps()), IsEmpty());
  const Outcome diff = train.belay({"diff", "shop", "-e", "prod"});
  EXPECT_EQ(diff.code, 1);
  EXPECT_THAT(diff.out, HasSubstr((host.app / "note").string()));
}

// POST /v1/runs as a program would send it: the whole answer.
std::string post_run(const Train& train, const std::string& key, const std::string& body) {
  const std::string path = train.directory() / "belayd.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const std::string request =
        "POST /v1/runs HTTP/1.1\r\nHost: belay\r\nConnection: close\r\nIdempotency-Key: " + key +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::array<char, 4096> piece{};
    for (ssize_t n = 0; (n = ::recv(fd, piece.data(), piece.size(), 0)) > 0;)
      answer.append(piece.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return answer;
}

TEST(Gate, ARequestRepeatedOverTheDaemonsDeathStartsOneRun) {
  Train train;
  train.start();
  for (const char* version : {"1.0", "1.1"})
    ASSERT_EQ(train.belay({"deploy", train.build(note(version)), "-e", "dev"}).code, 0) << train.log();
  const std::string back = R"({"kind":"rollback","application":"shop","environment":"dev"})";
  const std::string first = post_run(train, "7b0e", back);
  EXPECT_THAT(first, HasSubstr("202 Accepted"));
  const std::string id = first.substr(first.size() - 28, 26);
  train.kill();
  train.start();
  EXPECT_THAT(post_run(train, "7b0e", back), AllOf(HasSubstr("202 Accepted"), HasSubstr(id)));
  EXPECT_EQ(train.ended(id)["run"]["exit_code"], 0) << train.log();
  train.kill();
  train.start();
  EXPECT_THAT(post_run(train, "7b0e", back), AllOf(HasSubstr("202 Accepted"), HasSubstr(id)));
  EXPECT_EQ(slurp(train.host("dev1").app / "note"), "note 1.0\n") << "it went back once";
  const std::string other = R"({"kind":"rollback","application":"shop","environment":"dev","reason":"else"})";
  EXPECT_THAT(post_run(train, "7b0e", other), HasSubstr("409 Conflict"));
  EXPECT_THAT(post_run(train, "7b0f", other), AllOf(HasSubstr("202 Accepted"), Not(HasSubstr(id))));
}

TEST(Gate, RunsAndDaemonsKeepOutOfEachOthersWay) {
  Train train;
  train.start();
  const TrainHost& host = train.host("dev1");
  const std::string run = train.detached({"deploy", train.build(note("1.0", holds_on("dev1"))), "-e", "dev"});
  ASSERT_TRUE(until([&] { return std::filesystem::exists(host.outside / "holding"); })) << train.log();

  // One run per application and environment.
  const Outcome twice = train.belay({"deploy", train.build(note("1.1")), "-e", "dev"});
  EXPECT_EQ(twice.code, 1) << twice.all();
  EXPECT_THAT(twice.err, AllOf(HasSubstr(run), HasSubstr("belay run watch")));
  // One run per host, whatever the application.
  Release other = note("1.0");
  other.application = "other";
  const Outcome neighbour = train.belay({"deploy", train.build(other), "-e", "dev"});
  EXPECT_EQ(neighbour.code, 1) << neighbour.all();
  EXPECT_THAT(neighbour.all(), AllOf(HasSubstr(run), HasSubstr("dev1")));
  EXPECT_THAT(neighbour.all(), HasSubstr("no host was touched"));
  // One daemon per state directory.
  const Outcome second = train.second_daemon();
  EXPECT_NE(second.code, 0);
  EXPECT_THAT(second.all(), HasSubstr(std::to_string(train.pid())));
  EXPECT_EQ(train.belay({"status"}).code, 0);

  spill(host.outside / "go", "");
  EXPECT_EQ(train.belay({"run", "watch", run}).code, 0);
  EXPECT_EQ(train.belay({"deploy", train.build(other), "-e", "dev"}).code, 0);
}

}  // namespace
}  // namespace belay::test
