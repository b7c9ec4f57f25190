#include "tests/unit/kit/steps.hpp"

#include "tests/support/kit_host/patience.hpp"

namespace belay::test {

void KitTest::prepare(int step, const Step& what) {
  const Reply staged = host_.stage({{step, what}});
  ASSERT_EQ(staged.end, 0) << staged.text();
  const Reply snap = host_.do_step("snap", step, "1");
  ASSERT_EQ(snap.end, 0) << snap.text();
  const Reply armed = host_.do_step("arm", step, "1 0");
  ASSERT_EQ(armed.get("token"), "armed") << armed.text();
}

Reply KitTest::apply(int step, const Step& what) {
  prepare(step, what);
  return host_.do_step("apply", step, "1 60");
}

void KitTest::roll_back(int step) {
  const Reply restored = host_.do_step("restore", step, "1");
  ASSERT_EQ(restored.get("rc"), "0") << restored.text();
  const Reply settled = host_.do_step("settle", step, "1");
  ASSERT_EQ(settled.get("rc"), "0") << settled.text();
  const Reply now = host_.do_step("manifest", step);
  ASSERT_EQ(now.get("manifest"), read_file(host_.step_dir(step) / "snap/MANIFEST")) << now.text();
}

std::string KitTest::plan(const Step& what) {
  const Reply reply = host_.leash("plan", KitHost::as_step_zero(what));
  EXPECT_EQ(reply.end, 0) << reply.text();
  return reply.get("items");
}

Params words(const std::string& name, const std::vector<std::string>& argv) {
  Params params;
  for (std::size_t i = 0; i < argv.size(); ++i) params[name + "." + std::to_string(i)] = argv[i];
  return params;
}

Step KitTest::command(const std::vector<std::string>& argv, const std::string& path) {
  Step step{"command", words("run", argv), {}};
  if (!path.empty()) step.touches.push_back({"path", {{"path", path}}});
  return step;
}

void wait_for(const std::function<bool()>& condition, const std::string& what) {
  EXPECT_TRUE(came_true(condition)) << "did not come: " << what;
}

std::string shell_name(const ::testing::TestParamInfo<Shell>& info) { return name_of(info.param); }

}  // namespace belay::test
