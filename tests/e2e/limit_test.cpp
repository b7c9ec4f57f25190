// Order on the wire, memory, a disk that is full, and what a hostile host can make people see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "tests/e2e/releases.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

#if defined(__SANITIZE_ADDRESS__) || (defined(__has_feature) && __has_feature(address_sanitizer))
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// KiB; 0 when the process is gone.
long peak_memory(pid_t pid) {
  const std::string status = slurp("/proc/" + std::to_string(pid) + "/status");
  const auto at = status.find("VmHWM:");
  return at == std::string::npos ? 0 : std::stol(status.substr(at + 6));
}

TEST(Memory, StaysFlatWhileALargePayloadTravels) {
  constexpr std::size_t megabytes = 300;
  // A sanitizer keeps freed memory back on purpose (256 MiB); what is measured is what is left of the payload then.
  constexpr long most_kib = (sanitized ? 290 + 256 : 150) * 1024;
  Train train;
  train.start();
  Release release{.version = "1.0", .steps = "- name: Large\n  file: {from: files/large, to: \"{{ root }}/large\"}\n"};
  std::string piece(1 << 20, '\0');
  std::mt19937_64 random(1);
  std::ranges::generate(piece, [&] { return static_cast<char>(random()); });
  std::string bytes;
  for (std::size_t i = 0; i < megabytes; ++i) {
    piece.replace(0, 8, "piece" + std::to_string(100 + i));
    bytes += piece;
  }
  release.files = {{"files/large", bytes}};
  const auto package = train.build(release);
  Child deploy = train.begin({"deploy", package, "-e", "dev"});
  std::map<pid_t, long> workers;
  while (deploy.running())
    for (const pid_t worker : train.workers()) workers[worker] = std::max(workers[worker], peak_memory(worker));
  const Outcome done = deploy.finish();
  EXPECT_EQ(done.code, 0) << done.all() << train.log();
  EXPECT_TRUE(slurp(train.host("dev1").app / "large") == bytes);
  RecordProperty("belayd_kib", std::to_string(peak_memory(train.pid())));
  EXPECT_LT(peak_memory(train.pid()), most_kib);
  EXPECT_FALSE(workers.empty());
  for (const auto& [pid, peak] : workers) {
    RecordProperty("worker_" + std::to_string(pid) + "_kib", std::to_string(peak));
    EXPECT_LT(peak, most_kib) << "worker " << pid;
  }
}

// One system call of a trace, in the order of completion.
struct Call {
  std::string name;
  std::string text;
};

// strace writes a call that is overtaken by another thread's as "<unfinished ...>" and later "resumed": it counts when
// it ended, with what it was given when it began.
std::vector<Call> calls_in(const fs::path& trace) {
  std::vector<Call> out;
  std::map<std::string, std::string> open;  // thread → beginning
  std::ifstream in(trace);
  for (std::string line; std::getline(in, line);) {
    const std::string thread = line.substr(0, line.find(' '));
    std::string text = line.substr(std::min(line.find_first_not_of(' ', thread.size()), line.size()));
    if (text.ends_with("<unfinished ...>")) {
      open[thread] = text;
      continue;
    }
    if (text.starts_with("<... ")) text = open[thread] + text;
    out.push_back({text.substr(0, text.find('(')), text});
  }
  return out;
}

TEST(Order, TheJournalHoldsEachIntentOnDiskBeforeItsFirstByteGoesOut) {
  Train train;
  const fs::path trace = train.directory() / "trace";
  train.start({"/usr/bin/strace", "-f", "--seccomp-bpf", "-y", "-s", "200000", "-e",
               "trace=fsync,fdatasync,sendmsg,sendto,write,writev,pwrite64", "-o", trace},
              {"ASAN_OPTIONS=detect_leaks=0"});
  const auto done = train.json({"deploy", train.build(note("1.0", fails_on("dev1"))).string(), "-e", "dev"});
  ASSERT_EQ(done["run"]["exit_code"], 2) << done.dump(2) << train.log();
  const std::string run = done["run"]["id"];
  EXPECT_EQ(train.stop().code, 0);
  const std::vector<Call> calls = calls_in(trace);
  const auto find = [&](std::size_t from, const auto& matches) {
    while (from < calls.size() && !matches(calls[from])) ++from;
    return from;
  };
  struct Case {
    const char* intent;
    std::string verb;
  };
  for (const Case& one :
       {Case{"snap-intent", "snap " + run + " 1 "}, Case{"apply-intent", "apply " + run + " 1 "},
        Case{"commit-intent", "commit " + run + " 1 "}, Case{"rollback-intent", "restore " + run + " "}}) {
    SCOPED_TRACE(one.intent);
    const std::size_t written = find(0, [&](const Call& call) {
      return call.name == "pwrite64" && call.text.find("belay.db") != std::string::npos &&
             call.text.find(one.intent) != std::string::npos;
    });
    const std::size_t synced = find(written, [&](const Call& call) {
      return (call.name == "fsync" || call.name == "fdatasync") && call.text.find("belay.db") != std::string::npos &&
             call.text.ends_with("= 0");
    });
    // belayd's own frame to its worker comes first; the worker's to the host later.
    const std::size_t sent = find(0, [&](const Call& call) {
      return call.name != "pwrite64" && call.text.find(one.verb) != std::string::npos &&
             call.text.find("<socket:") != std::string::npos;
    });
    ASSERT_LT(written, calls.size()) << "never written";
    ASSERT_LT(synced, calls.size()) << "never synced";
    ASSERT_LT(sent, calls.size()) << "never sent";
    EXPECT_LT(synced, sent) << calls[written].text.substr(0, 120) << '\n' << calls[sent].text.substr(0, 120);
  }
}

// A host that prints 10,000 lines a second: the daemon answers meanwhile, keeps what it keeps and no more, and says so.
TEST(Flood, OfTenThousandLinesASecondLeavesTheDaemonResponsiveAndItsMemoryFlat) {
  constexpr long most_growth_kib = (sanitized ? 8 + 256 : 8) * 1024;
  Train train;
  train.start();
  const std::string floods =
      "- name: Flood\n  command:\n    run: [sh, -c, 'echo $$ >\"$1/holding\"; while [ ! -e \"$1/go\" ]; do yes \"$2\" "
      "| "
      "head -n 10000; sleep 1; done; yes \"$2\" | head -n 10000', sh, \"{{ outside }}\", " +
      std::string(100, 'x') + "]\n    touches: []\n";
  const TrainHost& host = train.host("dev1");
  const auto package = train.build(note("1.0", floods));
  ASSERT_EQ(train.belay({"plan", package, "-e", "dev"}).code, 0) << train.log();
  const long before = peak_memory(train.pid());
  const std::string run = train.detached({"deploy", package, "-e", "dev"});
  ASSERT_TRUE(until([&] { return slurp(host.outside / "holding").ends_with("\n"); })) << train.log();
  const fs::path kept = host.base / "runs" / run / "2/apply.out";
  std::error_code none;
  EXPECT_TRUE(until([&] { return fs::file_size(kept, none) == 1048576u; })) << "the host keeps the first MiB";
  for (int i = 0; i < 20; ++i) ASSERT_EQ(train.belay({"status"}).code, 0) << train.log();
  spill(host.outside / "go", "");
  const Outcome ended = train.belay({"run", "watch", run});
  EXPECT_EQ(ended.code, 0) << ended.all() << train.log();
  EXPECT_EQ(fs::file_size(kept, none), 1048576u);
  EXPECT_LT(peak_memory(train.pid()) - before, most_growth_kib);
  const Outcome logs = train.belay({"logs", run});
  EXPECT_THAT(logs.out, AllOf(HasSubstr("[belay: too much output;"), HasSubstr(std::string(100, 'x'))));
  EXPECT_LT(logs.out.size(), 256u << 10);
}

// The state directory on a small file system of its own, which this process and its children alone see.
class FullDisk : public testing::Test {
 protected:
  FullDisk() {
    fs::create_directories(train.state());
    fs::permissions(train.state(), fs::perms::owner_all);
    // A private tree of mounts needs root, as all of what a full disk can be tried with.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("belay-test", train.state().c_str(), "tmpfs", 0, "size=64m,mode=0700") != 0)
      throw std::runtime_error("a tmpfs cannot be mounted: run this test as root");
  }
  ~FullDisk() override {
    train.kill();
    ::umount2(train.state().c_str(), MNT_DETACH);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  // Takes all the room there is, to the last page.
  void fill() const {
    std::ofstream out(train.state() / "filler", std::ios::binary);
    const std::string page(4096, 'f');
    while (out.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
    }
  }
  void make_room() const { fs::remove(train.state() / "filler"); }

  Train train{{{.name = "dev", .hosts = 2}}};
};

TEST_F(FullDisk, StopsTheDaemonWithASentenceAndTheRunIsFinishedOnceThereIsRoom) {
  train.start();
  const std::string run = train.detached({"deploy", train.build(note("1.0", counts + holds_on("dev2"))), "-e", "dev"});
  const TrainHost& host = train.host("dev2");
  ASSERT_TRUE(until([&] { return slurp(host.outside / "holding").ends_with("\n"); })) << train.log();
  fill();
  // What can be refused is refused, and nothing happens without a record.
  Release large = note("1.1");
  large.files = {{"files/large", std::string(1 << 20, 'x')}};
  const Outcome refused = train.belay({"deploy", train.build(large), "-e", "dev"});
  EXPECT_EQ(refused.code, 1) << refused.all();
  EXPECT_THAT(refused.err, HasSubstr("full")) << refused.all();
  spill(host.outside / "go", "");
  ASSERT_TRUE(until([&] { return !train.up(); })) << train.log();
  EXPECT_THAT(train.log(), AllOf(HasSubstr("the journal cannot be trusted any more"), HasSubstr("full")));
  train.kill();
  // It does not begin to act with no room for a record.
  try {
    train.start();
    ADD_FAILURE() << "belayd starts on a full disk";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("full"));
  }
  make_room();
  train.start();
  const Outcome watched = train.belay({"run", "watch", run});
  // The step had ended while nobody could write that down.
  EXPECT_EQ(watched.code, 0) << watched.all() << train.log();
  for (const TrainHost& one : train.hosts()) {
    EXPECT_EQ(slurp(one.app / "note"), "note 1.0\n") << one.name;
    EXPECT_EQ(executions(one), "1.0\n") << one.name;
  }
  EXPECT_EQ(train.belay({"diff", "shop", "-e", "dev"}).code, 0);
}

TEST(Hostile, OutputIsShownEscapedAndDecidesNothing) {
  Train train;
  train.start();
  const Release release = lying("1.0");
  const Tree before = train.apps();
  const std::string id = train.detached({"deploy", train.build(release), "-e", "dev"});
  const Outcome watched = train.belay({"run", "watch", id});
  EXPECT_EQ(watched.code, 2) << watched.all() << train.log();
  EXPECT_THAT(differences(before, train.apps()), testing::IsEmpty());
  const Outcome logs = train.belay({"logs", id});
  const Outcome shown = train.belay({"run", "show", id});
  EXPECT_THAT(logs.out, AllOf(HasSubstr("\\x1b[31mred"), HasSubstr("\\r"), HasSubstr("\\x01belay 00 end 0")));
  for (const std::string& text :
       {watched.all(), logs.all(), shown.all(), train.log(), train.json({"run", "show", id}).dump(-1, ' ', true)}) {
    for (const char bad : {'\x1b', '\r', '\x01', '\x07', '\x9b'}) {
      // 0x9b may be the middle of a character of ours.
      if (bad == '\x9b') continue;
      EXPECT_EQ(text.find(bad), std::string::npos) << "a raw byte " << static_cast<int>(bad);
    }
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << "a raw bidirectional override";
    EXPECT_EQ(text.find("\n2026-01-01T00"), std::string::npos) << "a forged line of the log";
    EXPECT_EQ(text.find("\ndev1 1 apply | forged"), std::string::npos) << "a forged line of a step";
  }
}

}  // namespace
}  // namespace belay::test
