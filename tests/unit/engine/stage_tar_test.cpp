// The streams that carry parameters and blobs to a host: readable by the tars that hosts have, and flat in memory.
#include "daemon/engine/stage_tar.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/support/loop/loop.hpp"
#include "tests/unit/engine/scene.hpp"

namespace belay::engine::testing {
namespace {

namespace fs = std::filesystem;

// Every regular file below `root` with its bytes.
std::map<std::string, std::string> files_below(const fs::path& root) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file()) {
      std::ifstream in(entry.path(), std::ios::binary);
      out[fs::relative(entry.path(), root).string()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
  return out;
}

std::map<std::string, std::string> unpacked(const std::string& tar, const std::string& program) {
  const TempDir dir;
  const fs::path archive = dir.path() / "t.tar";
  std::ofstream(archive, std::ios::binary) << tar;
  fs::create_directory(dir.path() / "out");
  // Both paths are of our own making: letters, digits, '/', '-'.
  const int status =
      std::system((program + " -xf " + archive.string() + " -C " + (dir.path() / "out").string()).c_str());
  EXPECT_EQ(status, 0) << program;
  return files_below(dir.path() / "out");
}

constexpr const char* tars[] = {"tar", "busybox tar"};

HostStep odd_step() {
  std::string every_byte;
  for (int i = 1; i < 256; ++i) every_byte += static_cast<char>(i);
  HostStep step;
  step.params = {
      {"run.0", "a"}, {"run.1", every_byte}, {"empty", ""}, {"env.k.K", "v\n"}, {"long", std::string(120 * 1024, 'x')}};
  step.touches = {{"path", {{"path", "/x y"}}}, {"command", {{"undo.0", "u"}}}};
  return step;
}

TEST(StepTar, IsWhatATarOnTheHostReads) {
  const HostStep step = odd_step();
  const auto tar = step_tar(step, "command", 7);
  ASSERT_TRUE(tar.has_value()) << tar.error().text();
  std::map<std::string, std::string> expected{{"step/7/action", "command\n"},
                                              {"step/7/touches", "0 path\n1 command\n"},
                                              {"step/7/r/0/path", "/x y"},
                                              {"step/7/r/1/undo.0", "u"}};
  for (const auto& [name, bytes] : step.params) expected["step/7/p/" + name] = bytes;
  for (const char* program : tars) EXPECT_EQ(unpacked(*tar, program), expected) << program;
  EXPECT_EQ(*step_tar(step, "command", 7), *tar);
}

TEST(StepTar, AStepThatTouchesNothingSaysSo) {
  const auto tar = step_tar({}, "wait", 1);
  ASSERT_TRUE(tar.has_value());
  EXPECT_EQ(unpacked(*tar, "tar"),
            (std::map<std::string, std::string>{{"step/1/action", "wait\n"}, {"step/1/touches", ""}}));
}

Plan plan_with(const std::vector<HostStep>& steps) {
  Plan plan;
  PlanHost host;
  host.steps = steps;
  plan.hosts.push_back(std::move(host));
  for (std::size_t i = 0; i < steps.size(); ++i) plan.steps.push_back({.name = "s", .action = "file"});
  return plan;
}

struct Streamed {
  std::string bytes;
  std::size_t pieces = 0;
  std::size_t largest = 0;
  std::optional<Error> error;
};

Streamed stream(Source source, bool keep) {
  test::Loop loop;
  Streamed out;
  while (true) {
    auto piece = loop.run(source());
    if (!piece) {
      out.error = piece.error();
      return out;
    }
    if (piece->empty()) return out;
    ++out.pieces;
    out.largest = std::max(out.largest, piece->size());
    if (keep) out.bytes += *piece;
  }
}

TEST(StageStream, CarriesEveryStepThatRunsAndEveryBlob) {
  Scene scene;
  const std::string small = scene.add_file("a", "small");
  const std::string nothing = scene.add_file("b", "");
  const std::string odd = scene.add_file("c", std::string(512 * 1024 + 1, '\xfe'));
  HostStep skipped;
  skipped.skipped = true;
  const Plan plan = plan_with({odd_step(), skipped, HostStep{.params = {{"x", "y"}}}});
  const Streamed got = stream(stage_stream(plan, 0, {small, nothing, odd}, *scene.blobs), true);
  ASSERT_FALSE(got.error.has_value()) << got.error->text();
  for (const char* program : tars) {
    const auto files = unpacked(got.bytes, program);
    EXPECT_EQ(files.at("blobs/" + small), "small");
    EXPECT_EQ(files.at("blobs/" + nothing), "");
    EXPECT_EQ(sha256(files.at("blobs/" + odd)).hex(), odd);
    EXPECT_EQ(files.at("step/1/p/empty"), "");
    EXPECT_EQ(files.at("step/3/p/x"), "y");
    for (const auto& [name, bytes] : files) EXPECT_FALSE(name.starts_with("step/2/")) << name;
  }
}

// Whatever the size, no piece is larger than a few hundred KiB: nothing is gathered in memory.
TEST(StageStream, ManyPiecesNoneOfThemLarge) {
  Scene scene;
  const auto writer = scene.blobs->begin();
  ASSERT_TRUE(writer.has_value());
  const std::string mebibyte(1 << 20, 'z');
  constexpr std::size_t mebibytes = 96;
  for (std::size_t i = 0; i < mebibytes; ++i) ASSERT_TRUE((*writer)->write(mebibyte).has_value());
  const std::string big = (*writer)->finish()->hex();
  const Streamed got =
      stream(stage_stream(plan_with({HostStep{.params = {{"x", "y"}}}}), 0, {big}, *scene.blobs), false);
  ASSERT_FALSE(got.error.has_value()) << got.error->text();
  EXPECT_GE(got.pieces, mebibytes * 2);
  EXPECT_LE(got.largest, std::size_t{600 * 1024});
}

TEST(StageStream, ABlobThatIsNotThereIsAnErrorNotAShortStream) {
  Scene scene;
  for (const std::string& name : {sha256("nobody has this").hex(), std::string("../../etc/passwd"), std::string()}) {
    const Streamed got = stream(stage_stream(plan_with({HostStep{}}), 0, {name}, *scene.blobs), false);
    EXPECT_TRUE(got.error.has_value()) << name;
  }
}

TEST(ParseItems, LeavesOutWhatIsNoItem) {
  const auto items = parse_items(
      "new aa - /etc/a\nchanged bb cc /etc/b\\040c\n\nnonsense\na b\na b c\nremoved - dd /x\nopaque - - command with "
      "words\nunchanged ee ee /last");
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(items[0].item_class + items[0].digest_new + items[0].digest_old + items[0].path, "newaa-/etc/a");
  EXPECT_EQ(items[1].path, "/etc/b\\040c");
  EXPECT_EQ(items[3].path, "command with words");
  EXPECT_EQ(items[4].path, "/last");
  EXPECT_TRUE(parse_items("").empty());
  EXPECT_TRUE(parse_items(std::string(100, '\n')).empty());
}

}  // namespace
}  // namespace belay::engine::testing
