// The lint: each rule with its place; the shipped schemas are those that decide; the example is without findings.
#include "daemon/package/lint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/package/build.hpp"
#include "daemon/package/example.hpp"
#include "daemon/package/texts.hpp"
#include "tests/unit/package/crafted.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::slurp;
using ::testing::StartsWith;
using testing::TempDir;
using testing::write;

const Catalogue catalogue = {
    {"file", R"({"type":"object","additionalProperties":false,"required":["to"],"properties":{
        "from":{"type":"string","x-belay":"payload-file"},"to":{"type":"string","x-belay":"path"},
        "mode":{"type":"string"},"content":{"type":"string"}}})"},
    {"template", R"({"type":"object","additionalProperties":false,"required":["from","to"],"properties":{
        "from":{"type":"string","x-belay":"template"},"to":{"type":"string"},"mode":{"type":"string"}}})"},
    {"tree", R"({"type":"object","additionalProperties":false,"required":["from","to"],"properties":{
        "from":{"type":"string","x-belay":"payload-tree"},"to":{"type":"string"}}})"},
    {"symlink", R"({"type":"object","additionalProperties":false,"required":["path","to"],"properties":{
        "path":{"type":"string"},"to":{"type":"string"}}})"},
    {"command", R"({"type":"object","additionalProperties":false,"required":["run"],"properties":{
        "run":{"x-belay":"argv","oneOf":[{"type":"string","minLength":1},{"type":"array","items":{"type":"string"}}]},
        "undo":{"x-belay":"argv"},"touches":{"type":"array"},"irreversible":{"type":"boolean"},
        "from":{"type":"string","x-belay":"payload-tree"},"env":{"type":"object"}}})"},
    {"wait", R"({"type":"object","additionalProperties":false,"properties":{"for":{},"port":{"type":"integer"}}})"},
};

constexpr std::string_view full_release = R"(application: demo
version: "1.0"
summary: A demo.
units:
  - {name: all, kind: code, items: [files/], notes: Nothing to do.}
changes: [First.]
dependencies: {secondary: none, interactions: none}
install: Nothing by hand.
rollback: By snapshot.
contacts: [team@example.org]
)";

std::string playbook(std::string_view steps) {
  return "application: demo\nhosts: web\nvars: {port: 8080, name: x}\nsteps:\n" + std::string(steps);
}

std::vector<std::string> lint_of(const std::string& release, const std::string& plan,
                                 const Catalogue& actions = catalogue) {
  TempDir dir;
  write(dir.path / "release.yaml", release);
  write(dir.path / "playbook.yaml", plan);
  write(dir.path / "files/a.conf", "port = {{ port }}\n");
  write(dir.path / "files/d/b", "b");
  auto findings = lint(dir.path, actions);
  EXPECT_TRUE(findings.has_value()) << findings.error().text();
  std::vector<std::string> out;
  for (Finding finding : *findings) {
    finding.place.file = fs::path(finding.place.file).lexically_relative(dir.path).string();
    out.push_back(finding.text());
  }
  return out;
}

std::vector<std::string> steps(std::string_view text) { return lint_of(std::string(full_release), playbook(text)); }

TEST(Lint, IsSilentWhenAllIsWell) {
  EXPECT_THAT(steps("  - {name: a, tree: {from: files/d, to: /x}}\n"
                    "  - {name: b, template: {from: files/a.conf, to: \"/x/{{ name }}\", mode: \"0640\"}}\n"
                    "  - {name: c, command: {run: ./x, touches: []}}\n"
                    "  - {name: d, command: {run: ./x, undo: ./y}}\n"
                    "  - {name: e, command: {run: ./x}, touches: [/x]}\n"
                    "  - {name: f, wait: {port: \"{{ port }}\"}}\n"
                    "  - {name: g, command: {run: [sh, -c, 'echo \"$1\"', sh, \"{{ name }}\"], touches: []}}\n"),
              IsEmpty());
}

TEST(Lint, NamesEachMistakeOfAStepWithItsPlace) {
  struct Case {
    const char* step;
    const char* finding;
  };
  const std::vector<Case> cases = {
      {"  - {name: a, comand: {run: x}}\n",
       "playbook.yaml:5:15: error: there is no action \"comand\". Did you mean \"command\"? [action]"},
      {"  - {name: a, reboot: {}}\n",
       "playbook.yaml:5:15: error: there is no action \"reboot\". Known actions: command, file, symlink, template, "
       "tree, wait. [action]"},
      {"  - {name: a, symlink: {path: /x, too: y}}\n",
       "symlink: the key \"too\" is not known. Did you mean \"to\"? [parameter]"},
      {"  - {name: a, symlink: {path: /x}}\n",
       "playbook.yaml:5:24: error: symlink: \"to\" is missing. Add to. [parameter]"},
      {"  - {name: a, file: {to: /x, mode: 640, content: c}}\n",
       "\"mode\" must be text, not 640 (a whole number). Put it in quotes. [parameter]"},
      {"  - {name: a, symlink: {path: \"/{{ nme }}\", to: y}}\n",
       "playbook.yaml:5:31: error: the variable \"nme\" is not declared. Declare it under vars, or correct the name. "
       "[variable]"},
      {"  - {name: a, symlink: {path: \"/{{ name | upper }}\", to: y}}\n", "there are no expressions"},
      {"  - {name: a, file: {from: files/none, to: /x}}\n",
       "playbook.yaml:5:28: error: the payload has no file \"files/none\". Add it under files/, or correct the path. "
       "[payload-missing]"},
      {"  - {name: a, tree: {from: files/none, to: /x}}\n", "the payload has no directory \"files/none\""},
      {"  - {name: a, file: {from: /etc/passwd, to: /x}}\n", "\"/etc/passwd\" is no payload path"},
      {"  - {name: a, file: {from: \"files/{{ name }}.cfg\", to: /x}}\n",
       "the payload has no file \"files/{{ name }}.cfg\""},
      {"  - {name: a, command: {run: ./x}}\n", "playbook.yaml:5:15: error: the step \"a\" is opaque and irreversible"},
      {"  - {name: a, command: {run: ./x, irreversible: true}}\n",
       "playbook.yaml:5:15: warning: the step \"a\" is opaque and irreversible"},
      {"  - {name: a, command: {run: ./x}, irreversible: true}\n",
       "warning: the step \"a\" is opaque and irreversible"},
      {"  - {name: a, command: {run: ./x, undo: ./y, irreversible: true}}\n",
       "warning: the step \"a\" is irreversible"},
      {"  - {name: a, command: {run: \"sh -c 'rm {{ name }}'\", touches: []}}\n",
       "playbook.yaml:5:30: error: a variable is spliced into the program of \"sh\", where its value becomes code"},
      {"  - {name: a, command: {run: [/bin/bash, -euc, \"rm {{ name }}\"], touches: []}}\n",
       "spliced into the program of \"bash\""},
      {"  - {name: a, command: {run: [env, X=1, dash, -e, -c, \"x{{ name }}\"], touches: []}}\n", "spliced into"},
      {"  - {name: a, command: {run: [busybox, sh, -c, \"x{{ name }}\"], touches: []}}\n", "spliced into"},
      {"  - {name: a, command: {run: [su, web, -c, \"x{{ name }}\"], touches: []}}\n", "spliced into"},
      {"  - {name: a, command: {run: x, undo: \"sh -c 'x {{ name }}'\"}}\n", "spliced into"},
      {"  - {name: a, wait: {}, verify: \"sh -c 'x {{ name }}'\"}\n", "spliced into"},
      {"  - {name: a, command: {run: \"x 'y\", touches: []}}\n",
       "a quote (') is not closed in this command. Close the quote, or write the command as a list of words. [argv]"},
      {"  - {name: a, wait: {}}\n  - {name: a, wait: {}}\n",
       "playbook.yaml:6:5: error: two steps are named \"a\" (the other is in line 5). Rename one: logs and findings go "
       "by the name. [step-name]"},
      {"  - {name: a, wait: {}, retries: many}\n",
       "playbook.yaml:5:34: error: \"steps[0].retries\" must be a whole number, not \"many\". [schema]"},
      {"  - {name: a, wait: {}, timeout: soon}\n", "\"steps[0].timeout\" must be a time such as 30s, 5m or 1h"},
      {"  - {wait: {}}\n", "playbook.yaml:5:5: error: \"name\" is missing in \"steps[0]\". Add name. [schema]"},
      {"  - {name: a, wiat: 3}\n", "must be a map of the action's parameters"},
      {"  - {name: a, wait: {}, file: {}}\n", "this step has two actions, \"wait\" and \"file\""},
      {"  - {name: a, command: {run: x, undo: y}, undo: z}\n", "\"undo\" is given twice for this step, differently"},
  };
  for (const auto& c : cases) EXPECT_THAT(steps(c.step), Contains(HasSubstr(c.finding))) << c.step;
}

TEST(Lint, KnowsMalformedSerial) {
  for (const char* serial : {"0", "-1", "fast", "0%", "101%", "50 %", "[]", "[1, x]", "1.5", "{a: 1}"}) {
    const std::string plan =
        "application: demo\nhosts: web\nserial: " + std::string(serial) + "\nsteps: [{name: a, wait: {}}]\n";
    EXPECT_THAT(lint_of(std::string(full_release), plan), Contains(HasSubstr("serial"))) << serial;
  }
  auto late = lint_of(std::string(full_release),
                      "application: demo\nhosts: web\nserial: [100%, 1]\nsteps: [{name: a, wait: {}}]\n");
  EXPECT_THAT(late, ElementsAre(HasSubstr("a batch after 100% of the hosts never runs")));
}

TEST(Lint, AsksForWhatThePoliciesAsk) {
  const auto plan = playbook("  - {name: a, tree: {from: files/, to: /x}}\n");
  auto bare = lint_of("application: demo\nversion: \"1\"\n", plan);
  for (const char* rule : {"[KY-notes]", "[KY-1]", "[KY-2]"}) EXPECT_THAT(bare, Contains(HasSubstr(rule)));
  EXPECT_THAT(bare, Contains(StartsWith("release.yaml:1:1: error: there are no release units")));
  EXPECT_THAT(bare, Contains(HasSubstr("the changes of this release are not listed")));
  EXPECT_THAT(bare, Contains(HasSubstr("the secondary dependencies are not stated")));
  EXPECT_THAT(bare, Contains(HasSubstr("the interactions with other systems are not stated")));
  EXPECT_THAT(bare, Contains(HasSubstr("there are no installation instructions")));
  EXPECT_THAT(bare, Contains(HasSubstr("there is no rollback strategy")));

  std::string unit = std::string(full_release);
  unit.replace(unit.find("  - {name: all"), unit.find("changes:") - unit.find("  - {name: all"),
               "  - {name: all, kind: code}\n");
  auto poor = lint_of(unit, plan);
  EXPECT_THAT(poor, Contains(StartsWith("release.yaml:5:5: error: the unit \"all\" has no notes")));
  EXPECT_THAT(poor, Contains(StartsWith("release.yaml:5:5: error: the unit \"all\" names no configuration items")));

  // An SBOM stands for the secondary dependencies, if it is there.
  std::string sbom = std::string(full_release);
  sbom.replace(sbom.find("secondary: none, "), 17, "");
  sbom += "sbom: files/sbom.json\n";
  EXPECT_THAT(lint_of(sbom, plan),
              ElementsAre(HasSubstr("sbom names \"files/sbom.json\", but the payload has no such file")));
}

TEST(Lint, LooksIntoTemplatesAndForUnusedPayload) {
  TempDir dir;
  std::string release(full_release);
  release.replace(release.find("files/]"), 7, "files/a.conf]");
  write(dir.path / "release.yaml", release);
  write(dir.path / "playbook.yaml", playbook("  - {name: a, template: {from: files/a.conf, to: /x}}\n"));
  write(dir.path / "files/a.conf", "ok {{ port }} {{ version }}\n  x {{ nope }} {{ nein }}\n");
  write(dir.path / "files/spare", "x");
  write(dir.path / "notes.txt", "x");
  const auto prefix = (dir.path / "").string();
  auto findings = lint(dir.path, catalogue);
  ASSERT_TRUE(findings.has_value());
  std::vector<std::string> texts;
  for (const auto& finding : *findings) texts.push_back(finding.text());
  EXPECT_THAT(texts, ElementsAre(StartsWith(prefix + "files/a.conf:2:5: error: the variable \"nope\" is not declared"),
                                 StartsWith(prefix + "files/a.conf:2:16: error: the variable \"nein\""),
                                 StartsWith(prefix + "files/spare: warning: no step and no release unit uses"),
                                 StartsWith(prefix + "notes.txt: warning: \"notes.txt\" is not part of the package")));
  // The same inside a package.
  ASSERT_TRUE(build(dir.path, dir.path / "a.belay").has_value());
  auto packed = lint(dir.path / "a.belay", catalogue);
  ASSERT_TRUE(packed.has_value());
  EXPECT_THAT(packed->at(0).text(), StartsWith(prefix + "a.belay:files/a.conf:2:5: error"));
  EXPECT_EQ(packed->size(), 3U);
}

TEST(Lint, SaysWhatItCouldNotCheck) {
  auto got = lint_of(std::string(full_release), playbook("  - {name: a, anything: {x: 1}}\n"), {});
  EXPECT_THAT(got, ElementsAre(HasSubstr("no actions are known, so actions and their parameters were not checked")));
}

TEST(Lint, GivesOneFindingForABrokenPackage) {
  TempDir dir;
  write(dir.path / "a.belay", "hello");
  auto got = lint(dir.path / "a.belay", catalogue);
  ASSERT_TRUE(got.has_value());
  ASSERT_EQ(got->size(), 1U);
  EXPECT_EQ(got->at(0).rule, "package");
  EXPECT_EQ(lint(dir.path / "none", catalogue).error().kind, Kind::not_found);
}

TEST(Lint, FindsNothingInTheExample) {
  TempDir dir;
  ASSERT_TRUE(write_example(dir.path / "x").has_value());
  auto findings = lint(dir.path / "x", catalogue);
  ASSERT_TRUE(findings.has_value());
  for (const auto& finding : *findings) ADD_FAILURE() << finding.text();
}

TEST(Schemas, AreTheShippedOnes) {
  const fs::path folder = fs::path(BELAY_SOURCE_DIR) / "playbooks/schema";
  EXPECT_EQ(release_schema_text(), slurp(folder / "release.schema.json"));
  EXPECT_EQ(playbook_schema_text(), slurp(folder / "playbook.schema.json"));
}

TEST(ReadPlaybook, FillsEveryField) {
  auto got = read_playbook(R"(application: demo
description: d
hosts: web
serial: [1, 50%]
become: true
vars: {a: 1, b: text, c: }
steps:
  - name: One
    hosts: db
    when: os == "debian"
    register: out
    retries: 3
    delay: 5s
    timeout: 2m
    run_once: true
    tags: [x, y]
    command: {run: ./x, undo: [./y, 1], touches: []}
    verify: ./check
    become: false
  - name: Two
    wait:
)",
                           "p.yaml");
  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(got->serial, (std::vector<BatchSize>{{1, false}, {50, true}}));
  EXPECT_EQ(got->vars.at("a"), Value(1));
  EXPECT_TRUE(got->vars.at("c").is_null());
  const StepSpec& one = got->steps.at(0);
  EXPECT_EQ(one.action, "command");
  EXPECT_EQ(one.hosts, "db");
  EXPECT_EQ(one.when, "os == \"debian\"");
  EXPECT_EQ(one.register_as, "out");
  EXPECT_EQ(one.retries, 3);
  EXPECT_EQ(one.delay_seconds, 5);
  EXPECT_EQ(one.timeout_seconds, 120);
  EXPECT_TRUE(one.run_once);
  EXPECT_THAT(one.tags, ElementsAre("x", "y"));
  ASSERT_TRUE(one.touches.has_value());
  EXPECT_THAT(*one.touches, IsEmpty());
  ASSERT_TRUE(one.undo.has_value());
  EXPECT_EQ(*one.verify, Value("./check"));
  EXPECT_EQ(one.become, false);
  EXPECT_EQ(one.place.line, 8);
  EXPECT_EQ(one.action_place.line, 17);
  EXPECT_FALSE(got->steps.at(1).touches.has_value());
  EXPECT_TRUE(got->steps.at(1).params.is_map());
}

TEST(ReadPlaybook, MakesBothPlacesOfACommandAgree) {
  auto got = read_playbook(
      "application: demo\nhosts: web\nsteps:\n  - {name: a, command: {run: x}, undo: y, touches: [/z]}\n", "p");
  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(*got->steps[0].params.find("undo"), Value("y"));
  EXPECT_THAT(*got->steps[0].touches, ElementsAre("/z"));
  EXPECT_EQ(got->steps[0].params.find("touches")->list()->size(), 1U);
}

TEST(ReadRelease, FillsEveryField) {
  auto got = read_release(std::string(full_release) + "modes: {files/x: \"0600\"}\nsbom: files/s\n", "r.yaml");
  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(got->application, "demo");
  EXPECT_EQ(got->version, "1.0");
  EXPECT_EQ(got->units.at(0).kind, "code");
  EXPECT_EQ(got->units.at(0).place.line, 5);
  EXPECT_THAT(got->changes, ElementsAre("First."));
  EXPECT_THAT(*got->secondary, IsEmpty());
  EXPECT_EQ(got->modes.at("files/x"), "0600");
  EXPECT_EQ(got->sbom, "files/s");
  EXPECT_FALSE(read_release("application: demo\nversion: x\n", "r")->secondary.has_value());
  EXPECT_EQ(read_release("application: demo\nversion: 1.10\n", "r")->version, "1.10");
  EXPECT_EQ(read_release("application: demo\nversion: 2.5\n", "r")->version, "2.5");
}

}  // namespace
}  // namespace belay::package
