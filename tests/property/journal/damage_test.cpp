// Flipped bits and cut files (threats E-44): the store refuses to start, or every event and row is as it was. Never
// something else.
#include <map>
#include <random>

#include "daemon/store/cells.hpp"
#include "tests/property/journal/child.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay::store {
namespace {

using testing::Child;
using testing::Opened;
using testing::slurp;
using testing::spill;
using testing::TempDir;

using Files = std::map<std::string, std::string>;

Files read_state(const std::filesystem::path& state) {
  Files files;
  for (const char* name : {"belay.db", "belay.db-wal", "journal.head"})
    if (std::filesystem::exists(state / name)) files[name] = slurp(state / name);
  return files;
}

void write_state(const std::filesystem::path& state, const Files& files) {
  std::filesystem::remove_all(state);
  std::filesystem::create_directory(state);
  for (const auto& [name, bytes] : files) spill(state / name, bytes);
}

template <class Row>
void dump(std::string& text, const std::vector<Row>& rows) {
  for (const Row& row : rows) text += hash_cells("row", to_cells(row)) + "\n";
}

// All that a reader could see, as one text.
std::string content(Opened& at) {
  std::string text = "epoch " + std::to_string(at.store->epoch()) + "\n";
  const auto runs = at.get(at.store->runs({"", "", "", "", 1'000}));
  dump(text, runs);
  for (const std::string run : {"R1", "R2"})
    for (const Recorded& recorded : at.get(at.store->events(run, 0)))
      text += std::to_string(recorded.seq) + " " + std::string(to_string(recorded.event.type)) + " " +
              recorded.event.host + " " + recorded.event.note + " " + std::to_string(recorded.event.step) + "\n";
  dump(text, at.get(at.store->packages()));
  dump(text, at.get(at.store->baselines("app", "test")));
  dump(text, at.get(at.store->evidence("D1")));
  dump(text, at.get(at.store->blocks("")));
  dump(text, at.get(at.store->hosts()));
  return text;
}

// A state with every table used, closed cleanly; then, when `killed`, another process wrote on and died, so that the
// last events stand in the write-ahead log alone.
Files make_state(bool killed) {
  const TempDir dir;
  {
    Opened at(dir.path());
    at.get(at.store->append({}, {PackageRow{"D1", "app", "1", "alice", "k", 1, 1}, HostRow{"web-1", "test", "{}"},
                                 BlockRow{"D1", "test", "R1", "why", 1, "", "", 0},
                                 EvidenceRow{"rehearsal", "D1", "t", "test", "R1", true, "", 1}}));
    for (int i = 0; i < 60; ++i) {
      Event event = at.event(EventType::apply_done, "R1", std::string(static_cast<std::size_t>(i * 7), 'n'));
      event.host = "web-" + std::to_string(i);
      at.get(at.store->append({event},
                              {BaselineRow{"app", "test", "1", "D1", "R" + std::to_string(i), "", "m", "p", i, true}}));
    }
  }
  if (killed) {
    Child child(dir.path(), "R2");
    child.listen(30, 60'000);
    child.kill();
  }
  return read_state(dir.path());
}

class Damage : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    whole_ = make_state(GetParam());
    ASSERT_EQ(whole_.contains("belay.db-wal"), GetParam());
    write_state(state(), whole_);
    Opened at(state());
    ASSERT_TRUE(at.store) << at.error->text();
    expected_ = content(at);
  }
  [[nodiscard]] std::filesystem::path state() const { return dir_.path() / "state"; }

  // Opens the damaged files; counts a refusal.
  void try_open(const Files& damaged) {
    write_state(state(), damaged);
    Opened at(state());
    if (at.store) {
      ASSERT_EQ(content(at), expected_) << "silently wrong";
      ++unharmed_;
    } else {
      EXPECT_FALSE(at.error->what.empty());
      EXPECT_TRUE(at.error->kind == Kind::integrity || at.error->kind == Kind::conflict || at.error->kind == Kind::io)
          << at.error->text();
      ++refused_;
    }
  }

  TempDir dir_;
  Files whole_;
  std::string expected_;
  int refused_ = 0;
  int unharmed_ = 0;
  std::mt19937 random_{std::random_device{}()};
};

TEST_P(Damage, OfOneBitIsFoundOrHarmless) {
  for (const auto& [name, bytes] : whole_) {
    for (int i = 0; i < 250; ++i) {
      // The first bytes of each file, where the formats keep what matters most, and then anywhere.
      const std::size_t at = i < 100 ? static_cast<std::size_t>(i) % bytes.size() : random_() % bytes.size();
      const int bit = static_cast<int>(random_() % 8);
      SCOPED_TRACE(name + " byte " + std::to_string(at) + " bit " + std::to_string(bit));
      Files damaged = whole_;
      damaged[name][at] = static_cast<char>(damaged[name][at] ^ (1 << bit));
      ASSERT_NO_FATAL_FAILURE(try_open(damaged));
    }
  }
  EXPECT_GT(refused_, 0);
}

TEST_P(Damage, ByCuttingOffTheEndIsFoundOrHarmless) {
  for (const auto& [name, bytes] : whole_) {
    std::vector<std::size_t> lengths{0, 1, 32, 100, 512, bytes.size() - 1};
    for (std::size_t page = 4096; page < bytes.size(); page += 4096) lengths.push_back(page);
    for (int i = 0; i < 60; ++i) lengths.push_back(random_() % bytes.size());
    for (const std::size_t length : lengths) {
      if (length >= bytes.size()) continue;
      SCOPED_TRACE(name + " cut to " + std::to_string(length));
      Files damaged = whole_;
      damaged[name].resize(length);
      ASSERT_NO_FATAL_FAILURE(try_open(damaged));
    }
  }
  EXPECT_GT(refused_, 0);
}

TEST_P(Damage, OfWholeSectorsIsFoundOrHarmless) {
  for (const auto& [name, bytes] : whole_) {
    for (int i = 0; i < 60; ++i) {
      const std::size_t at = random_() % bytes.size() / 512 * 512;
      SCOPED_TRACE(name + " sector at " + std::to_string(at));
      Files damaged = whole_;
      std::string& file = damaged[name];
      const bool zero = i % 2 == 0;
      for (std::size_t j = at; j < std::min(at + 512, file.size()); ++j)
        file[j] = zero ? '\0' : static_cast<char>(random_());
      ASSERT_NO_FATAL_FAILURE(try_open(damaged));
    }
  }
  EXPECT_GT(refused_, 0);
}

TEST_P(Damage, ByLosingAFileIsFoundOrHarmless) {
  for (const auto& [name, bytes] : whole_) {
    SCOPED_TRACE(name);
    Files damaged = whole_;
    damaged.erase(name);
    ASSERT_NO_FATAL_FAILURE(try_open(damaged));
  }
  EXPECT_EQ(unharmed_, 1) << "only the head can be missed";
}

INSTANTIATE_TEST_SUITE_P(State, Damage, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "killed" : "closed"; });

}  // namespace
}  // namespace belay::store
