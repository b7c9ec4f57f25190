// docs/plugins.md promises that its example is complete: the very text of the page becomes an action and is used.
#include <unistd.h>

#include <sstream>

#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

// A copy of the plugins with every fenced block of the page that begins with "# plugins/…" written to that file.
fs::path plugins_of_the_page() {
  std::string pattern = (fs::temp_directory_path() / "belay-author-XXXXXX").string();
  const fs::path root = ::mkdtemp(pattern.data());
  for (const char* part : {"kit", "action", "resource"}) {
    fs::copy(fs::path(BELAY_SOURCE_DIR) / "plugins" / part, root / part, fs::copy_options::recursive);
  }
  std::istringstream page(read_file(fs::path(BELAY_SOURCE_DIR) / "docs/plugins.md"));
  bool fenced = false;
  fs::path file;
  std::string text;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      if (fenced && !file.empty()) write_file(file, text);
      fenced = !fenced;
      file.clear();
      text.clear();
    } else if (fenced) {
      constexpr std::string_view mark = "# plugins/";
      if (text.empty() && line.starts_with(mark)) file = root / line.substr(mark.size());
      text += line + "\n";
    }
  }
  return root;
}

class AuthorTest : public ::testing::TestWithParam<Shell> {
 protected:
  ~AuthorTest() override { fs::remove_all(plugins_); }
  const fs::path plugins_ = plugins_of_the_page();
  KitHost host_{GetParam(), plugins_};
};

TEST_P(AuthorTest, ThePagesActionWorks) {
  for (const char* name : {"action.yaml", "apply.sh", "plan.sh", "verify.sh"}) {
    ASSERT_TRUE(fs::exists(plugins_ / "action/line-in-file" / name)) << "docs/plugins.md lost " << name;
  }
  const std::string path = (host_.live() / "etc/a file").string();
  const Step step{
      "line-in-file", {{"path", path}, {"line", "frame-ancestors 'self' $(id) *"}}, {{"path", {{"path", path}}}}};
  const auto plan = [&] { return host_.leash("plan", KitHost::as_step_zero(step)).get("items"); };
  EXPECT_TRUE(plan().starts_with("new - - ")) << plan();
  write_file(path, "first\nlast without end");
  EXPECT_TRUE(plan().starts_with("changed - - ")) << plan();
  ASSERT_EQ(host_.stage({{1, step}, {2, step}}).end, 0);
  ASSERT_EQ(host_.do_step("snap", 1, "1").end, 0);
  ASSERT_EQ(host_.do_step("arm", 1, "1 0").end, 0);
  const Reply applied = host_.do_step("apply", 1, "1 60");
  EXPECT_EQ(applied.get("rc"), "0") << applied.text();
  EXPECT_EQ(applied.get("changed"), "yes");
  EXPECT_EQ(read_file(path), "first\nlast without end\nframe-ancestors 'self' $(id) *\n");
  EXPECT_EQ(host_.do_step("verify", 1, "1 60").get("rc"), "0");
  EXPECT_TRUE(plan().starts_with("unchanged - - ")) << plan();
  ASSERT_EQ(host_.do_step("snap", 2, "1").end, 0);
  ASSERT_EQ(host_.do_step("arm", 2, "1 0").end, 0);
  EXPECT_EQ(host_.do_step("apply", 2, "1 60").get("changed"), "no");
  for (const int n : {2, 1}) {
    EXPECT_EQ(host_.do_step("restore", n, "1").get("rc"), "0");
    EXPECT_EQ(host_.do_step("manifest", n).get("manifest"), read_file(host_.step_dir(n) / "snap/MANIFEST"));
  }
  EXPECT_EQ(read_file(path), "first\nlast without end");
}

INSTANTIATE_TEST_SUITE_P(Shells, AuthorTest, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
