// Real systemd, and a real package manager: a service and an installed package come back as they were.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/releases.hpp"
#include "tests/fleet/support/fleet.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

// A release that configures demo.service and brings it into a state.
Release demo(const std::string& version, const std::string& state, const std::string& more = {}) {
  return {.version = version,
          .steps =
              "- name: Configure\n  file: {content: \"message={{ version }}\\n\", to: /etc/demo.conf}\n"
              "- name: Serve\n  service: {name: demo.service, " +
              state + "}\n" + more};
}

std::string serving(Machine& machine) { return machine.ask({"cat", "/run/demo/serving"}); }

std::string states(Machine& machine) {
  return machine.run({"systemctl", "is-active", "demo.service"}).out +
         machine.run({"systemctl", "is-enabled", "demo.service"}).out;
}

TEST(FleetService, ComesBackWithItsConfigurationAndItsStates) {
  Fleet fleet(2);
  Train train({fleet.place()});
  train.start();
  const Outcome first = train.belay({"deploy", train.build(demo("1.0", "state: restarted")), "-e", "dev"});
  ASSERT_EQ(first.code, 0) << first.all() << train.log();
  for (const auto& machine : fleet.machines()) ASSERT_EQ(serving(*machine), "message=1.0\n");

  // Restarted with another configuration, and a later step breaks.
  const Outcome later =
      train.belay({"deploy", train.build(demo("1.1", "state: restarted", fails_on("dev2"))), "-e", "dev"});
  EXPECT_EQ(later.code, 2) << later.all() << train.log();
  // Stopped and disabled, and a later step breaks.
  const Outcome stopped = train.belay(
      {"deploy", train.build(demo("1.2", "state: stopped, enabled: false", fails_on("dev1"))), "-e", "dev"});
  EXPECT_EQ(stopped.code, 2) << stopped.all() << train.log();
  for (const auto& machine : fleet.machines()) {
    EXPECT_EQ(slurp(machine->disk().at() / "etc/demo.conf"), "message=1.0\n") << machine->name();
    EXPECT_EQ(serving(*machine), "message=1.0\n") << machine->name();
    EXPECT_EQ(states(*machine), "active\nenabled\n") << machine->name();
  }
}

TEST(FleetService, ThatDoesNotStartIsTakenBackToTheOneThatRan) {
  Fleet fleet(2);
  Train train({fleet.place()});
  train.start();
  Release broken = demo("1.0", "state: restarted");
  broken.steps =
      "- name: Configure\n  file: {content: \"nothing\\n\", to: /etc/demo.conf}\n"
      "- name: Serve\n  service: {name: demo.service, state: restarted}\n"
      "- name: Look\n  command: {run: [systemctl, is-active, demo.service], touches: []}\n"
      "  retries: 3\n  delay: 1s\n"
      "- name: Serves\n  command: {run: [grep, -q, '^message', /run/demo/serving], touches: []}\n";
  const Outcome failed = train.belay({"deploy", train.build(broken), "-e", "dev"});
  // The message still stands in /run: only systemd knows that the new one did not start.
  EXPECT_EQ(failed.code, 2) << failed.all() << train.log();
  for (const auto& machine : fleet.machines()) {
    EXPECT_EQ(states(*machine), "active\nenabled\n") << machine->name();
    EXPECT_EQ(serving(*machine), "message=as delivered\n") << machine->name();
  }
}

// A Debian package with one program.
std::string debian_package() {
  std::string at = (fs::temp_directory_path() / "belay-deb-XXXXXX").string();
  if (mkdtemp(at.data()) == nullptr) throw std::runtime_error("no temporary directory");
  const fs::path tree = fs::path(at) / "tree";
  spill(tree / "DEBIAN/control",
        "Package: fleet-hello\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n"
        "Description: A package for a test\n");
  spill(tree / "usr/bin/fleet-hello", "#!/bin/sh\necho hello\n");
  fs::permissions(tree / "usr/bin/fleet-hello", fs::perms(0755));
  fs::permissions(tree / "DEBIAN", fs::perms(0755));
  run({"/usr/bin/dpkg-deb", "--root-owner-group", "--build", tree, fs::path(at) / "hello.deb"});
  std::string bytes = slurp(fs::path(at) / "hello.deb");
  fs::remove_all(at);
  return bytes;
}

TEST(FleetPackage, ThatACommandInstalledIsUndone) {
  Fleet fleet(1);
  Machine& machine = fleet.machine(1);
  Train train({fleet.place()});
  train.start();
  const std::string install =
      "- name: Install\n"
      "  command:\n"
      "    from: files/deb\n"
      "    run: [apt-get, install, --yes, ./hello.deb]\n"
      "    undo: [dpkg, --purge, fleet-hello]\n"
      "    state: [sh, -c, 'dpkg-query --show fleet-hello 2>/dev/null || echo none']\n"
      "    env: {DEBIAN_FRONTEND: noninteractive}\n";
  Release release{
      .version = "1.0", .steps = install + fails_on("dev1"), .files = {{"files/deb/hello.deb", debian_package()}}};
  const std::string selections = machine.ask({"dpkg", "--get-selections"});
  const Tree before = tree_of(machine.disk().at() / "usr/bin");
  const Outcome broken = train.belay({"deploy", train.build(release), "-e", "dev"});
  EXPECT_EQ(broken.code, 2) << broken.all() << train.log();
  EXPECT_EQ(machine.ask({"dpkg", "--get-selections"}), selections);
  EXPECT_THAT(differences(before, tree_of(machine.disk().at() / "usr/bin")), IsEmpty());
  EXPECT_THAT(train.belay({"logs", train.json({"run", "list", "-e", "dev"})["items"][0]["id"]}).all(),
              HasSubstr("Setting up fleet-hello"));

  release.version = "1.1";
  release.steps = install;
  const Outcome done = train.belay({"deploy", train.build(release), "-e", "dev"});
  ASSERT_EQ(done.code, 0) << done.all() << train.log();
  EXPECT_EQ(machine.ask({"fleet-hello"}), "hello\n");
  const Outcome back = train.belay({"rollback", "shop", "-e", "dev"});
  EXPECT_EQ(back.code, 0) << back.all() << train.log();
  EXPECT_EQ(machine.ask({"dpkg", "--get-selections"}), selections);
}

}  // namespace
}  // namespace belay::test
