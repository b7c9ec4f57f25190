// Parameters are data all the way: whatever a variable holds, the host finds exactly those bytes and nothing else.
#include <gtest/gtest.h>

#include "tests/unit/engine/scene.hpp"

namespace belay::engine::testing {
namespace {

// threats H-61: what has ever meant something to a shell, a template or an option parser, and every byte there is.
std::vector<std::string> hostile_values() {
  std::vector<std::string> out{
      "",          " ",        "\n",     "a\n",     "\n\n",     "-rf",      "--",          "-oProxyCommand=x",
      "$(reboot)", "`reboot`", "$IFS",   "${HOME}", "$0",       "a;b",      "a&b",         "a|b",
      "a>b",       "a<b",      "*",      "?",       "[a]",      "~",        "#c",          "!",
      "'",         "\"",       "\\",     "\\n",     "a\\",      "'\"'\"'",  "%s%n",        "{{ other }}",
      "{{",        "}}",       "a b\tc", "\r",      "\x1b[2J",  "\x7f",     "../../etc",   "/etc/passwd",
      "true",      "0640",     "1e3",    "null",    "\xc3\xa4", "\xff\xfe", "\xe2\x80\xae"};
  for (int byte = 1; byte < 256; ++byte) out.push_back(std::string("a") + static_cast<char>(byte) + "b");
  out.push_back(std::string(120 * 1024, 'x'));
  return out;
}

TEST(ParamFiles, AVariableIsOneValueWhateverItHolds) {
  Scene scene;
  const Value params = Scene::parsed(
      "run: \"prog {{ x }} --y={{ x }} 'a {{ x }} b'\"\n"
      "undo: [prog, \"{{ x }}\"]\n"
      "env: {K: \"{{ x }}\"}\n");
  for (const std::string& value : hostile_values()) {
    scene.variables = {{"x", value}, {"other", "MUST NOT APPEAR"}};
    const auto got = scene.params("command", params);
    if (value.size() > 100'000) {
      // What is around it makes it too long by a little.
      ASSERT_FALSE(got.has_value());
      scene.variables["x"].resize(100'000);
      EXPECT_TRUE(scene.params("command", params).has_value());
      continue;
    }
    ASSERT_TRUE(got.has_value()) << got.error().text();
    EXPECT_EQ(got->files, (ParamFiles{{"run.0", "prog"},
                                      {"run.1", value},
                                      {"run.2", "--y=" + value},
                                      {"run.3", "a " + value + " b"},
                                      {"undo.0", "prog"},
                                      {"undo.1", value},
                                      {"env.k.K", value}}));
  }
}

TEST(ParamFiles, TheLongestValueAndOneMore) {
  Scene scene;
  scene.variables["x"] = std::string(120 * 1024, '\xff');
  const Value params = Scene::parsed("content: \"{{ x }}\"\nto: /a");
  const auto fits = scene.params("file", params);
  ASSERT_TRUE(fits.has_value()) << fits.error().text();
  EXPECT_EQ(fits->files.at("content"), scene.variables["x"]);
  scene.variables["x"] += "y";
  const auto too_long = scene.params("file", params);
  ASSERT_FALSE(too_long.has_value());
  EXPECT_NE(too_long.error().text().find("playbook.yaml:1:10: `content` is larger than 120 KiB"), std::string::npos)
      << too_long.error().text();
}

TEST(ParamFiles, ANulByteIsRefusedEverywhere) {
  Scene scene;
  scene.variables["x"] = std::string("a\0b", 3);
  for (const char* yaml : {"{run: \"prog {{ x }}\"}", "{run: [prog, \"{{ x }}\"]}", "{run: p, env: {K: \"{{ x }}\"}}",
                           "{run: p, chdir: \"/{{ x }}\"}"}) {
    const auto got = scene.params("command", std::string(yaml));
    ASSERT_FALSE(got.has_value()) << yaml;
    EXPECT_NE(got.error().what.find("NUL"), std::string::npos);
  }
}

TEST(ParamFiles, EveryKind) {
  Scene scene;
  scene.variables = {{"version", "1.2"}, {"port", "80"}};
  const std::string app = scene.add_file("files/app.conf", "listen {{ port }}\n");
  const std::string index = scene.add_file("files/portal/index.html", "<p>", 0600);
  const std::string odd = scene.add_file("files/portal/b c\n\xff", "odd", 04755);
  scene.add_other("files/portal/css", 'd');
  scene.add_other("files/portal/latest", 'l', "index html");
  scene.add_file("files/portal2", "is beside it, not in it");
  struct Case {
    const char* action;
    const char* yaml;
    ParamFiles files;
    std::set<std::string> blobs;
  };
  const std::string filled = sha256("listen 80\n").hex();
  const std::string tree = "f 4755 " + odd + " b\\040c\\012\\377 -\nd 0755 - css -\nf 0600 " + index +
                           " index.html -\nl 0777 - latest index\\040html\n";
  const Case cases[] = {
      {"file", "{from: files/app.conf, to: /etc/app/}", {{"from", app}, {"to", "/etc/app"}}, {app}},
      {"file", "{from: ./files/app.conf, to: \"/opt/{{ version }}/a\"}", {{"from", app}, {"to", "/opt/1.2/a"}}, {app}},
      {"file", "{content: \"\", to: /a, mode: \"0600\"}", {{"content", ""}, {"to", "/a"}, {"mode", "0600"}}, {}},
      {"template", "{from: files/app.conf, to: /a}", {{"from", filled}, {"to", "/a"}}, {filled}},
      {"tree",
       "{from: files/portal/, to: /srv, purge: true}",
       {{"from", tree}, {"to", "/srv"}, {"purge", "true"}},
       {index, odd}},
      {"wait", "{for: 5m}", {{"for", "300"}}, {}},
      {"wait", "{port: 8080, within: 2}", {{"port", "8080"}, {"within", "2"}}, {}},
      {"service",
       "{name: web, start: \"/bin/web -p {{ port }}\", enabled: false}",
       {{"name", "web"}, {"start.0", "/bin/web"}, {"start.1", "-p"}, {"start.2", "80"}, {"enabled", "false"}},
       {}},
      {"command", "{run: [a], touches: [/x/, /y]}", {{"run.0", "a"}, {"touches.0", "/x"}, {"touches.1", "/y"}}, {}},
      {"command", "{run: a, irreversible: null}", {{"run.0", "a"}}, {}},
      {"command", "{run: a, env: {}}", {{"run.0", "a"}}, {}},
  };
  for (const Case& one : cases) {
    const auto got = scene.params(one.action, std::string(one.yaml));
    ASSERT_TRUE(got.has_value()) << one.yaml << ": " << got.error().text();
    EXPECT_EQ(got->files, one.files) << one.yaml;
    EXPECT_EQ(got->blobs, one.blobs) << one.yaml;
  }
  EXPECT_EQ(*scene.blobs->get(*Digest::parse(filled), 100), "listen 80\n");
}

TEST(ParamFiles, EveryErrorHasItsPlace) {
  Scene scene;
  scene.variables = {{"up", "a/../.."}};
  scene.add_file("files/bad.conf", "line 1\nlisten {{ nobody }}\n");
  scene.add_file("files/big", std::string((1 << 20) + 1, 'x'));
  scene.add_other("files/dir", 'd');
  struct Case {
    const char* action;
    const char* yaml;
    const char* says;
  };
  const Case cases[] = {
      {"file", "{from: files/none, to: /a}", "playbook.yaml:1:8: the package holds no file files/none"},
      {"file", "{from: files/dir, to: /a}", "playbook.yaml:1:8: the package holds no file"},
      {"file", "{from: files/big, to: etc/a}", "playbook.yaml:1:23: `to` is etc/a, which is not an absolute path"},
      {"file", "{from: files/big, to: /}", "is the root of the host"},
      {"file", "{from: files/big, to: /a/../b}", "empty, . or .. component"},
      {"file", "{from: files/big, to: /a//b}", "empty, . or .. component"},
      {"file", "{from: files/big, to: \"/opt/{{ up }}/b\"}", "empty, . or .. component"},
      {"file", "{from: files/big, to: \"{{ nobody }}\"}", "playbook.yaml:1:23: "},
      {"file", "{content: x, to: [[x]]}", "must be a text or a number"},
      {"template", "{from: files/bad.conf, to: /a}", "files/bad.conf:2:8: "},
      {"template", "{from: files/big, to: /a}", "larger than 1 MiB"},
      {"tree", "{from: files/none, to: /a}", "holds nothing below files/none"},
      {"tree", "{from: files/big, to: /a}", "holds nothing below files/big"},
      {"wait", "{for: soon}", "playbook.yaml:1:7: "},
      {"wait", "{for: -1s}", "playbook.yaml:1:7: "},
      {"wait", "{for: 8d}", "playbook.yaml:1:7: "},
      {"wait", "{for: 169h}", "7 days"},
      {"command", "{run: \"a 'b\"}", "playbook.yaml:1:7: "},
      {"command", "{run: \"\"}", "playbook.yaml:1:7: "},
      {"command", "{run: a, env: {a-b: c}}", "playbook.yaml:1:16: \"a-b\" is no name"},
      {"command", "{run: a, \"../x\": c}", "is no name of a parameter"},
      {"command", "{run: a, \"run.0\": c}", "is no name of a parameter"},
      {"command", "{run: a, \"\": c}", "is no name of a parameter"},
  };
  for (const Case& one : cases) {
    const auto got = scene.params(one.action, std::string(one.yaml));
    ASSERT_FALSE(got.has_value()) << one.yaml;
    EXPECT_EQ(got.error().kind, Kind::invalid) << one.yaml;
    EXPECT_NE(got.error().text().find(one.says), std::string::npos) << one.yaml << ": " << got.error().text();
    EXPECT_TRUE(got.error().place.has_value()) << one.yaml;
  }
}

TEST(Touches, FollowTheRulesOfTheAction) {
  Scene scene;
  scene.variables["x"] = "/var/$(x)/a b";
  scene.add_file("files/a", "a");
  struct Case {
    const char* action;
    const char* yaml;
    std::vector<std::string> extra;
    std::vector<Touch> touches;
  };
  const Case cases[] = {
      {"file", "{from: files/a, to: \"{{ x }}\"}", {}, {{"path", {{"path", "/var/$(x)/a b"}}}}},
      {"file", "{from: files/a, to: /a}", {"/a", "/b/"}, {{"path", {{"path", "/a"}}}, {"path", {{"path", "/b"}}}}},
      {"command", "{run: a}", {}, {}},
      {"command",
       "{run: a, touches: [/x, /y/]}",
       {"/x", "/y"},
       {{"path", {{"path", "/x"}}}, {"path", {{"path", "/y"}}}}},
      {"command",
       "{run: a b, undo: \"c {{ x }}\", env: {K: v}}",
       {},
       {{"command", {{"run.0", "a"}, {"run.1", "b"}, {"undo.0", "c"}, {"undo.1", "/var/$(x)/a b"}, {"env.k.K", "v"}}}}},
      {"service",
       "{name: web, start: run it}",
       {},
       {{"service", {{"name", "web"}, {"start.0", "run"}, {"start.1", "it"}}}}},
      {"wait", "{for: 1s}", {}, {}},
  };
  for (const Case& one : cases) {
    const auto params = scene.params(one.action, std::string(one.yaml));
    ASSERT_TRUE(params.has_value()) << params.error().text();
    const auto touches = touches_of(real_plugins(), *real_plugins().action(one.action), params->files, one.extra);
    ASSERT_TRUE(touches.has_value()) << touches.error().text();
    EXPECT_EQ(*touches, one.touches) << one.yaml;
  }
  EXPECT_FALSE(touches_of(real_plugins(), *real_plugins().action("command"), {}, {"../x"}).has_value());
}

}  // namespace
}  // namespace belay::engine::testing
