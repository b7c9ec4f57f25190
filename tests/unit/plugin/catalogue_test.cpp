// The plugins folder: the real one is read whole, and every way to break a plugin is told with its place.
#include "daemon/plugin/catalogue.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <stdexcept>

#include "daemon/model/inventory.hpp"

namespace belay::plugin {
namespace {

namespace fs = std::filesystem;

// A folder with one good action and one good resource, to be broken.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "belay-plugins-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    root = name;
    write("kit/leash.cmd", "leash\n");
    write("kit/install.cmd", "install");
    write("kit/leash.sh", "# leash\n");
    write("action/put/action.yaml", action);
    write("action/put/apply.sh", "# apply\n");
    write("resource/path/resource.yaml", resource);
    for (const char* script : {"manifest.sh", "capture.sh", "restore.sh"})
      write(std::string("resource/path/") + script, "# x\n");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << text;
  }
  [[nodiscard]] Result<Catalogue> read() const { return Catalogue::read(root); }

  static constexpr const char* action =
      "action: put\n"
      "summary: Puts.\n"
      "parameters:\n"
      "  type: object\n"
      "  properties:\n"
      "    to: {type: string, x-belay: path}\n"
      "    also: {type: array, items: {type: string, x-belay: path}}\n"
      "touches:\n"
      "  - {resource: path, path: $to}\n"
      "way-back: snapshot\n"
      "needs: [mv]\n";
  static constexpr const char* resource =
      "resource: path\nsummary: A path.\nparameters: {type: object, required: [path]}\nneeds: []\nproof: manifest\n";
  fs::path root;
};

TEST(Catalogue, TheShippedPluginsAreWhole) {
  const auto read = Catalogue::read(BELAY_SOURCE_DIR "/plugins");
  ASSERT_TRUE(read.has_value()) << read.error().text();
  for (const char* name : {"file", "template", "tree", "symlink", "command", "service", "http", "wait"}) {
    const ActionInfo* action = read->action(name);
    ASSERT_NE(action, nullptr) << name;
    EXPECT_EQ(action->name, name);
    EXPECT_TRUE(action->summary.ends_with('.')) << name;
    EXPECT_TRUE(action->schema.is_map()) << name;
  }
  for (const char* name : {"path", "service", "command"}) EXPECT_NE(read->resource(name), nullptr) << name;
  EXPECT_EQ(read->action("file")->kinds,
            (std::map<std::string, std::string>{{"from", "payload-file"}, {"to", "path"}}));
  EXPECT_EQ(read->action("command")->kinds.at("touches"), "path");
  EXPECT_FALSE(read->action("command")->has_plan);
  EXPECT_TRUE(read->action("service")->has_verify);
  EXPECT_EQ(read->resource("path")->required, std::vector<std::string>{"path"});
  EXPECT_EQ(read->action("nobody"), nullptr);
  EXPECT_EQ(read->resource("nobody"), nullptr);
  EXPECT_EQ(read->kit_digest(), sha256(read->kit()));
  for (const std::string& command : {read->leash_command(), read->install_command()}) {
    EXPECT_TRUE(command.starts_with("/usr/bin/env -i ")) << command;
    EXPECT_EQ(command.find('\n'), std::string::npos);
  }
  const auto again = Catalogue::read(BELAY_SOURCE_DIR "/plugins");
  EXPECT_EQ(again->kit_digest(), read->kit_digest());
}

TEST(Catalogue, TheKitIsTheSameWhateverLiesBesideIt) {
  const Folder folder;
  const auto before = folder.read();
  ASSERT_TRUE(before.has_value()) << before.error().text();
  EXPECT_EQ(before->leash_command(), "leash");
  EXPECT_EQ(before->install_command(), "install");
  for (const char* other : {"action/put/.apply.sh.swp", "action/put/apply.sh~", "action/put/README.md", "action/README",
                            "resource/notes", "transport/ssh/x"})
    folder.write(other, "x");
  fs::permissions(folder.root / "action/put/apply.sh", fs::perms::owner_all);
  fs::last_write_time(folder.root / "kit/leash.sh", fs::file_time_type::clock::now() + std::chrono::hours(1));
  const auto after = folder.read();
  ASSERT_TRUE(after.has_value()) << after.error().text();
  EXPECT_EQ(after->actions().size(), 1u);
  // Loose files of action/ and resource/ travel too; those of editors, documents and other folders do not.
  fs::remove(folder.root / "action/README");
  fs::remove(folder.root / "resource/notes");
  EXPECT_EQ(folder.read()->kit_digest(), before->kit_digest());
  folder.write("action/put/apply.sh", "# other\n");
  EXPECT_NE(folder.read()->kit_digest(), before->kit_digest());
}

// The good action with one line put in the place of another.
std::string action_with(const std::string& line, const std::string& other) {
  std::string text = Folder::action;
  const std::size_t at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return text.replace(at, line.size(), other);
}

TEST(Catalogue, EveryBrokenFileHasItsPlace) {
  struct Case {
    const char* file;
    std::string text;
    const char* says;
  };
  const Case cases[] = {
      {"action/put/action.yaml", "", "action.yaml:1:1: "},
      {"action/put/action.yaml", "- a\n", "action.yaml:1:1: this is no map"},
      {"action/put/action.yaml", "action: put\nsummary: [\n", "action.yaml:"},
      {"action/put/action.yaml", action_with("action: put\n", ""), "action.yaml:1:1: `action` is missing or not text"},
      {"action/put/action.yaml", action_with("action: put", "action: 7"), "action.yaml:1:"},
      {"action/put/action.yaml", action_with("action: put", "action: other"),
       "action.yaml:1:9: the action in folder put calls itself \"other\""},
      {"action/put/action.yaml", action_with("summary: Puts.\n", ""), "`summary` is missing or not text"},
      {"action/put/action.yaml", action_with("way-back: snapshot\n", ""), "`way-back` is missing or not text"},
      {"action/put/action.yaml", action_with("way-back: snapshot", "way-back: maybe"),
       "action.yaml:10:11: `way-back` is snapshot, undo or none"},
      {"action/put/action.yaml", action_with("way-back:", "way_back:"),
       "action.yaml:10:1: `way_back` means nothing here"},
      {"action/put/action.yaml", action_with("touches:", "touchs:"), "action.yaml:8:1: `touchs` means nothing here"},
      {"action/put/action.yaml", action_with("needs: [mv]", "needs: mv"),
       "action.yaml:11:8: `needs` is a list of words"},
      {"action/put/action.yaml", action_with("needs: [mv]", "needs: [[mv]]"),
       "action.yaml:11:9: each of `needs` is a word"},
      {"action/put/action.yaml", action_with("x-belay: path", "x-belay: pth"),
       "action.yaml:6:33: this `x-belay` is unknown"},
      {"action/put/action.yaml", action_with("path: $to", "path: $too"), "action.yaml:9:28: there is no parameter too"},
      {"action/put/action.yaml", action_with("path: $to", "path: [a]"), "action.yaml:9:28: `path` must be text"},
      {"action/put/action.yaml", action_with("resource: path, ", ""), "action.yaml:9:5: a touch needs its `resource`"},
      {"action/put/action.yaml", action_with("resource: path,", "resource: pth,"),
       "action.yaml:9:5: the action put touches the resource pth, which does not exist"},
      {"action/put/action.yaml", action_with("path: $to", "pth: $to"),
       "action.yaml:9:5: the resource path needs `path`"},
      {"action/put/action.yaml", action_with("  - {resource: path, path: $to}", "  - path"),
       "action.yaml:9:5: each of `touches` is a map"},
      {"action/put/action.yaml", action_with("\n  - {resource: path, path: $to}", " path"),
       "action.yaml:8:10: `touches` is a list"},
      {"action/put/action.yaml", "action: put\nsummary: Puts.\nway-back: none\n",
       "action.yaml:1:1: `parameters` must be a JSON Schema"},
      {"action/put/action.yaml", "action: put\nsummary: Puts.\nway-back: none\nparameters: [x]\n",
       "action.yaml:4:13: `parameters` must be a JSON Schema"},
      {"action/put/action.yaml", "# " + std::string(1 << 20, 'x'),
       "action.yaml:1:1: this is larger than a plugin file may be"},
      {"action/-x/action.yaml", "action: -x\nsummary: X.\nway-back: none\nparameters: {}\n",
       "action.yaml:1:9: the action in folder -x"},
      {"action/empty/action.yaml", "action: empty\nsummary: X.\nway-back: none\nparameters: {}\n",
       "action.yaml:1:1: the action empty has no apply.sh"},
      {"resource/path/resource.yaml", "resource: pth\nsummary: X.\nparameters: {}\n",
       "resource.yaml:1:11: the resource in folder path calls itself"},
      {"resource/path/resource.yaml", "resource: path\nsummary: X.\n",
       "resource.yaml:1:1: `parameters` must be a JSON Schema"},
      {"resource/path/resource.yaml", "resource: path\nsummary: X.\nparameters: {required: path}\n",
       "resource.yaml:3:24: `required` is a list"},
      {"resource/path/resource.yaml", "resource: path\nsummary: X.\nparameters: {}\nprofs: none\n",
       "resource.yaml:4:1: `profs` means nothing here"},
      {"resource/other/resource.yaml", "resource: other\nsummary: X.\nparameters: {}\n",
       "resource.yaml:1:1: the resource other has no manifest.sh"},
      {"kit/leash.cmd", "", "leash.cmd:1:1: this must be exactly one line"},
      {"kit/install.cmd", "a\nb\n", "install.cmd:1:1: this must be exactly one line"},
  };
  for (const Case& one : cases) {
    const Folder folder;
    folder.write(one.file, one.text);
    const auto read = folder.read();
    ASSERT_FALSE(read.has_value()) << one.says;
    EXPECT_EQ(read.error().kind, Kind::invalid) << one.says;
    EXPECT_NE(read.error().text().find(one.says), std::string::npos) << one.says << "\n  " << read.error().text();
    ASSERT_TRUE(read.error().place.has_value()) << one.says;
    EXPECT_GT(read.error().place->line, 0) << one.says;
  }
}

TEST(Catalogue, WhatIsNotThereIsNamed) {
  for (const char* gone : {"action", "resource", "kit", "kit/leash.cmd", "kit/install.cmd", "action/put/action.yaml"}) {
    const Folder folder;
    fs::remove_all(folder.root / gone);
    const auto read = folder.read();
    ASSERT_FALSE(read.has_value()) << gone;
    EXPECT_EQ(read.error().kind, Kind::io) << gone;
    EXPECT_NE(read.error().text().find((folder.root / gone).string()), std::string::npos) << read.error().text();
  }
  EXPECT_FALSE(Catalogue::read("/nonexistent").has_value());
}

}  // namespace
}  // namespace belay::plugin
