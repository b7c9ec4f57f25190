// The leash's frame and its arguments: what is not plain never gets anywhere; what comes before the frame is noise.
#include <fmt/format.h>

#include "daemon/base/digest.hpp"
#include "tests/support/kit_host/tar.hpp"
#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using LeashTest = KitTest;

TEST_P(LeashTest, RefusesWhatIsNotPlain) {
  const std::string run = host_.run_id();
  for (const std::string& line : std::vector<std::string>{
           "", "nonsense", "facts; id", "probe ../../etc 1 apply", "probe " + run + " 1 pid", "snap " + run + " 01 1",
           "snap " + run + " 1/.. 1", "apply " + run + " 1 1", "apply " + run + " 1 1 6x", "restore " + run + " 1 -1",
           "snap 01ARZ3NDEKTSV4RRFFQ69G5FA 1 1", "clean *", "read 1e9", "fence", "fence 99999999999999999999999"}) {
    const Reply reply = host_.leash(line);
    EXPECT_TRUE(reply.end == 64 || (reply.end == 74 && line.starts_with("apply"))) << line << "\n" << reply.text();
    EXPECT_NE(reply.get("error"), "(no section)") << line;
  }
}

TEST_P(LeashTest, SaysItsFacts) {
  const std::string facts = host_.leash("facts").get("facts");
  for (const char* key : {"os",       "kernel",      "arch",  "uid",  "boot_id", "uptime", "epoch",     "fs_type",
                          "free_kib", "free_inodes", "shell", "tar",  "flock",   "setsid", "sha256sum", "getfattr",
                          "systemd",  "mem_kib",     "cpus",  "base", "lock",    "class"}) {
    EXPECT_NE(("\n" + facts).find(std::string("\n") + key + "="), std::string::npos) << key << "\n" << facts;
  }
  EXPECT_NE(facts.find(GetParam() == Shell::busybox ? "class=C" : "class=B"), std::string::npos) << facts;
  EXPECT_NE(facts.find("base=ok"), std::string::npos) << facts;
}

TEST_P(LeashTest, EpochsOnlyGrow) {
  EXPECT_EQ(host_.leash("fence 5").end, 0);
  EXPECT_EQ(host_.leash("fence 5").end, 0);
  const Reply older = host_.leash("fence 4");
  EXPECT_EQ(older.end, 76) << older.text();
  EXPECT_EQ(host_.leash("fence 6").get("epoch"), "6");
  EXPECT_EQ(host_.stage({{1, command({"true"})}}, 5).end, 76);
  EXPECT_EQ(host_.stage({{1, command({"true"})}}, 6).end, 0);
}

TEST_P(LeashTest, StageTakesOnlyWhatItCanProve) {
  const std::string digest = sha256("right").hex();
  const auto stage = [&](const std::map<std::string, std::string>& files) {
    return host_.leash("stage " + host_.run_id() + " 1", tar_of(files));
  };
  EXPECT_EQ(stage({{"blobs/" + digest, "wrong"}}).end, 74);
  EXPECT_FALSE(fs::exists(host_.base() / "blobs" / digest));
  EXPECT_EQ(stage({{"elsewhere/x", "y"}}).end, 64);
  EXPECT_EQ(host_.leash("missing", digest + "\n").get("missing"), digest + "\n");
  EXPECT_EQ(stage({{"blobs/" + digest, "right"}, {"step/1/action", "wait\n"}}).end, 0);
  EXPECT_EQ(stage({{"blobs/" + digest, "right"}, {"step/1/action", "wait\n"}}).end, 0) << "again";
  EXPECT_EQ(read_file(host_.base() / "blobs" / digest), "right");
  EXPECT_EQ(host_.leash("missing", digest + "\n").get("missing"), "");
  EXPECT_EQ(host_.leash("missing", "../x\n").end, 64);
  for (const auto& left : fs::directory_iterator(host_.base() / "tmp")) ADD_FAILURE() << "left behind: " << left.path();
}

TEST_P(LeashTest, ReadsNoMoreThanAsked) {
  write_file(live("with space\n"), "0123456789");
  const std::string encoded = host_.live().string() + "/with\\040space\\012\n";
  const Reply reply = host_.leash("read 4", encoded);
  EXPECT_EQ(reply.get("data"), "0123") << reply.text();
  EXPECT_EQ(reply.get("size"), "10");
  EXPECT_EQ(host_.leash("read 4", host_.live().string() + "\n").end, 74);
  fs::create_symlink(live("with space\n"), live("link"));
  EXPECT_EQ(host_.leash("read 4", live("link") + "\n").end, 74);
}

TEST_P(LeashTest, KeepsWhatSomebodyChanged) {
  write_file(live("app/a b"), "after");
  write_file(live("app/same"), "same");
  prepare(1, command({"true"}, live("app")));
  const std::string after = host_.do_step("manifest", 1).get("manifest");
  write_file(live("app/a b"), "changed by hand");
  const Reply kept = host_.leash("keep " + host_.run_id() + " 1", after);
  ASSERT_EQ(kept.end, 0) << kept.text();
  EXPECT_EQ(kept.get("kept"), live("app/a\\040b") + "\n");
  EXPECT_EQ(read_file(host_.base() / ("conflicts/" + host_.run_id() + "/1" + live("app/a b"))), "changed by hand");
}

TEST_P(LeashTest, CleansOnlyWhatIsOver) {
  prepare(1, command({"true"}));
  EXPECT_EQ(host_.leash("clean " + host_.run_id()).end, 80);
  EXPECT_EQ(host_.do_step("commit", 1, "1").end, 0);
  EXPECT_EQ(host_.leash("clean " + host_.run_id()).end, 0);
  EXPECT_FALSE(fs::exists(host_.step_dir(1)));
}

TEST_P(LeashTest, ScanSeesWithoutAStepOnTheHost) {
  const Reply reply = host_.leash("scan", KitHost::as_step_zero({"none", {}, {{"path", {{"path", live("no/such")}}}}}));
  ASSERT_EQ(reply.end, 0) << reply.text();
  EXPECT_EQ(reply.get("manifest"),
            fmt::format("# 0 path {0}/no/such\n- - - - - - - - - {0}/no -\n- - - - - - - - - {0}/no/such -\n",
                        host_.live().string()));
}

INSTANTIATE_TEST_SUITE_P(Shells, LeashTest, ::testing::ValuesIn(all_shells), shell_name);

// The two command strings that the daemon sends, through real login shells that talk before they obey.
class CommandStrings : public ::testing::TestWithParam<Shell> {
 protected:
  static std::string constant(const char* name) { return read_file(fs::path(BELAY_SOURCE_DIR) / "plugins/kit" / name); }
  Reply through_login_shell(const std::string& command, const std::string& input) const {
    std::vector<std::string> argv = {std::string("/usr/bin/") + name_of(GetParam())};
    if (GetParam() == Shell::busybox) argv.emplace_back("sh");
    argv.insert(argv.end(), {"-c", "printf 'Welcome!\\n\\001belay other begin\\n'; printf 'no newline'; " + command});
    return parse_reply(run(argv, {"PATH=/nowhere", "ENV=/nowhere", "LD_PRELOAD="}, input).out, "n1");
  }
  std::string kit_stream() const {
    std::map<std::string, std::string> files;
    for (const char* part : {"kit", "action", "resource"}) {
      const fs::path root = fs::path(BELAY_SOURCE_DIR) / "plugins";
      for (const auto& item : fs::recursive_directory_iterator(root / part)) {
        if (item.is_regular_file()) files[fs::relative(item.path(), root).string()] = read_file(item.path());
      }
    }
    return tar_of(files);
  }
  KitHost host_{GetParam()};
};

TEST_P(CommandStrings, InstallThenUse) {
  const std::string base = (host_.root() / "fresh/base").string();
  const std::string stream = kit_stream();
  const std::string digest = sha256(stream).hex();
  const std::string head = "n1\n" + base + "\n" + digest + "\n";
  EXPECT_EQ(through_login_shell(constant("leash.cmd"), head + "facts\n").end, 71) << "no kit yet";
  EXPECT_EQ(through_login_shell(constant("install.cmd"), head + "x" + stream).end, 73) << "another digest";
  const std::string bad = tar_of({{"kit/leash.sh", ""}, {"other/x", ""}});
  EXPECT_EQ(through_login_shell(constant("install.cmd"), "n1\n" + base + "\n" + sha256(bad).hex() + "\n" + bad).end,
            64);
  const std::string up = tar_of({{"kit/../../x", ""}});
  EXPECT_EQ(through_login_shell(constant("install.cmd"), "n1\n" + base + "\n" + sha256(up).hex() + "\n" + up).end, 64);
  for (int times = 0; times < 2; ++times) {
    const Reply installed = through_login_shell(constant("install.cmd"), head + stream);
    EXPECT_EQ(installed.end, 0) << installed.text();
  }
  const Reply facts = through_login_shell(constant("leash.cmd"), head + "facts\n");
  EXPECT_EQ(facts.end, 0) << facts.text();
  EXPECT_NE(facts.banner.find("Welcome!"), std::string::npos);
  int entries = 0;
  for ([[maybe_unused]] const auto& item : fs::directory_iterator(base + "/kit")) ++entries;
  EXPECT_EQ(entries, 1) << "an installation left something behind";
}

INSTANTIATE_TEST_SUITE_P(Shells, CommandStrings, ::testing::ValuesIn(all_shells), shell_name);

}  // namespace
}  // namespace belay::test
