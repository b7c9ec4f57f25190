// What the store refuses to start on, and that its sentence names it: edits by hand, newer formats, a shorter history,
// another daemon, a path it cannot use.
#include <fmt/format.h>
#include <unistd.h>

#include "daemon/store/cells.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay::store {
namespace {

using testing::change_by_hand;
using testing::Opened;
using testing::TempDir;

// Ten events and one row of each table.
void fill(const std::filesystem::path& state) {
  Opened at(state);
  ASSERT_TRUE(at.store) << at.error->text();
  RunRow run;
  run.id = "R1";
  for (int i = 0; i < 10; ++i) at.get(at.store->append({at.event(EventType::committed, "R1", "note")}, {run}));
  at.get(at.store->append(
      {}, {PackageRow{"D1", "app", "1", "", "", 1, 1}, BlockRow{"D1", "test", "R1", "why", 1, "", "", 0},
           BaselineRow{"app", "test", "1", "D1", "R1", "", "m", "p", 1, true},
           EvidenceRow{"rehearsal", "D1", "t", "test", "R1", true, "", 1}, HostRow{"web-1", "test", "{}"}}));
}

struct Edit {
  const char* name;
  const char* sql;
  Kind kind;
  const char* says;
};

// An unknown type needs a hash that is right, and has a test of its own below.
const std::vector<Edit> edits{
    {"note", "UPDATE journal SET note = 'nothing happened' WHERE seq = 4", Kind::integrity,
     "event 4 is not what belayd wrote"},
    {"outcome", "UPDATE journal SET ok = 0 WHERE seq = 10", Kind::integrity, "event 10 is not what belayd wrote"},
    {"number_as_text", "UPDATE journal SET host = 1 WHERE seq = 1", Kind::integrity,
     "event 1 is not what belayd wrote"},
    {"hash", "UPDATE journal SET hash = lower(hex(randomblob(32))) WHERE seq = 4", Kind::integrity, "event 4 is not"},
    {"deleted", "DELETE FROM journal WHERE seq = 6", Kind::integrity, "event 6 is missing"},
    {"deleted_first", "DELETE FROM journal WHERE seq = 1", Kind::integrity, "event 1 is missing"},
    {"cut_tail", "DELETE FROM journal WHERE seq > 8", Kind::integrity, "ends at event 8"},
    {"emptied", "DELETE FROM journal", Kind::integrity, "ends at event 0"},
    {"swapped",
     "UPDATE journal SET seq = 99 WHERE seq = 3; UPDATE journal SET seq = 3 WHERE seq = 4; "
     "UPDATE journal SET seq = 4 WHERE seq = 99",
     Kind::integrity, "event 3 does not follow"},
    {"inserted",
     "INSERT INTO journal SELECT 11, at_ms, run, type, host, step, epoch, ok, rc, digest, output, note, detail, "
     "version, prev_hash, hash FROM journal WHERE seq = 10",
     Kind::integrity, "event 11 does not follow"},
    {"newer_event", "UPDATE journal SET version = 2 WHERE seq = 5", Kind::conflict,
     "event 5 of the journal has version 2"},
    {"run", "UPDATE runs SET state = 'completed'", Kind::integrity, "a row of table runs (first column 'R1')"},
    {"package", "UPDATE packages SET signer = 'mallory'", Kind::integrity,
     "a row of table packages (first column 'D1')"},
    {"baseline", "UPDATE baselines SET package = 'D2'", Kind::integrity, "a row of table baselines"},
    {"evidence", "UPDATE evidence SET passed = 0", Kind::integrity, "a row of table evidence"},
    {"block", "UPDATE blocks SET lifted_by = 'mallory'", Kind::integrity, "a row of table blocks"},
    {"host", "UPDATE hosts SET detail = '{\"a\":1}'", Kind::integrity, "a row of table hosts (first column 'web-1')"},
    {"run_kind", "UPDATE runs SET kind = 'dance'", Kind::integrity, "a row of table runs"},
    {"epoch", "UPDATE state SET epoch = 1000", Kind::integrity, "start counter"},
    {"no_epoch", "DELETE FROM state", Kind::integrity, "start counter"},
    {"trigger", "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM blocks; END", Kind::integrity,
     "'t' is none of"},
    {"no_index", "DROP INDEX journal_run", Kind::integrity, "'journal_run' is missing"},
    {"no_table", "DROP TABLE hosts", Kind::integrity, "'hosts' is missing"},
    {"altered", "ALTER TABLE hosts ADD COLUMN extra TEXT", Kind::integrity, "'hosts' is not defined as"},
    {"newer_schema", "UPDATE schema_version SET version = 2", Kind::conflict, "schema version 2"},
    {"no_schema", "DELETE FROM schema_version", Kind::integrity, "schema version cannot be read"},
    {"another_database", "DROP TABLE schema_version", Kind::integrity, "no table schema_version"},
};

class Refusal : public ::testing::TestWithParam<Edit> {};

TEST_P(Refusal, NamesWhatWasChanged) {
  const TempDir dir;
  fill(dir.path());
  ASSERT_TRUE(change_by_hand(dir.path(), GetParam().sql));
  // Twice: a refused start changes nothing, so the next one refuses too.
  for (int i = 0; i < 2; ++i) {
    const Opened at(dir.path());
    ASSERT_FALSE(at.store);
    EXPECT_EQ(at.error->kind, GetParam().kind) << at.error->text();
    EXPECT_NE(at.error->what.find(GetParam().says), std::string::npos) << at.error->text();
    EXPECT_FALSE(at.error->next.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Edits, Refusal, ::testing::ValuesIn(edits),
                         [](const auto& param) { return param.param.name; });

// As a newer belayd would have written it: chained and hashed by the rules, of a type that this one does not know.
TEST(NewerJournal, AnEventOfAnUnknownTypeIsRefusedByItsName) {
  const TempDir dir;
  fill(dir.path());
  std::string last;
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open((dir.path() / "belay.db").c_str(), &database), SQLITE_OK);
  const auto take = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0];
    return 0;
  };
  ASSERT_EQ(sqlite3_exec(database, "SELECT hash FROM journal WHERE seq = 10", take, &last, nullptr), SQLITE_OK);
  sqlite3_close(database);
  const std::string none;
  const Cells event{
      11LL, 1LL, std::string("R1"), std::string("teleported"), none, 0LL, 1LL, 1LL, 0LL, none, none, none, none,
      1LL,  last};
  ASSERT_TRUE(change_by_hand(
      dir.path(), fmt::format("INSERT INTO journal VALUES (11, 1, 'R1', 'teleported', '', 0, 1, 1, 0, '', '', '', '', "
                              "1, '{}', '{}')",
                              last, hash_cells("journal", event))));
  for (int i = 0; i < 2; ++i) {
    const Opened at(dir.path());
    ASSERT_FALSE(at.store);
    EXPECT_EQ(at.error->kind, Kind::conflict);
    EXPECT_EQ(at.error->what, "event 11 of the journal has the type 'teleported', which this belayd does not know");
    EXPECT_EQ(at.error->next, "It was written by a newer belayd: start that one.");
  }
}

TEST(StateDirectory, WithoutItsDatabaseIsNotTakenForNew) {
  const TempDir dir;
  fill(dir.path());
  ASSERT_TRUE(std::filesystem::remove(dir.path() / "belay.db"));
  for (int i = 0; i < 2; ++i) {
    const Opened at(dir.path());
    ASSERT_FALSE(at.store);
    EXPECT_EQ(at.error->kind, Kind::integrity);
    EXPECT_NE(at.error->what.find("it had reached event 10"), std::string::npos) << at.error->text();
  }
}

TEST(StateDirectory, AnOlderCopyOfTheDatabaseIsRefused) {
  const TempDir dir;
  fill(dir.path());
  const std::string older = testing::slurp(dir.path() / "belay.db");
  {
    Opened at(dir.path());
    at.get(at.store->append({at.event(EventType::run_ended, "R1")}, {}));
  }
  testing::spill(dir.path() / "belay.db", older);
  {
    const Opened at(dir.path());
    ASSERT_FALSE(at.store);
    EXPECT_NE(at.error->what.find("is older than it was"), std::string::npos) << at.error->text();
  }
  // The way out that the sentence names.
  ASSERT_TRUE(std::filesystem::remove(dir.path() / "journal.head"));
  const Opened at(dir.path());
  EXPECT_TRUE(at.store) << at.error->text();
}

TEST(StateDirectory, AnotherHistoryOfTheSameLengthIsRefused) {
  const TempDir one;
  const TempDir two;
  fill(one.path());
  {
    Opened at(two.path());
    for (int i = 0; i < 20; ++i) at.get(at.store->append({at.event(EventType::committed, "R2", "other")}, {}));
  }
  testing::spill(one.path() / "belay.db", testing::slurp(two.path() / "belay.db"));
  const Opened at(one.path());
  ASSERT_FALSE(at.store);
  EXPECT_NE(at.error->what.find("or another one"), std::string::npos) << at.error->text();
}

TEST(StateDirectory, IsInUseByOneDaemon) {
  const TempDir dir;
  {
    const Opened first(dir.path());
    ASSERT_TRUE(first.store) << first.error->text();
    const Opened second(dir.path());
    ASSERT_FALSE(second.store);
    EXPECT_EQ(second.error->kind, Kind::conflict);
    EXPECT_EQ(second.error->what,
              "state directory " + dir.path().string() + " is in use by belayd pid " + std::to_string(::getpid()));
  }
  const Opened third(dir.path());
  ASSERT_TRUE(third.store) << third.error->text();
  EXPECT_EQ(third.store->epoch(), 2u) << "the refused start counted itself";
}

TEST(StateDirectory, OpenInAnotherProgram) {
  const TempDir dir;
  {
    const Opened at(dir.path());
  }
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open((dir.path() / "belay.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  {
    const Opened at(dir.path());
    EXPECT_FALSE(at.store);
    if (at.error) EXPECT_EQ(at.error->kind, Kind::conflict) << at.error->text();
  }
  sqlite3_close(other);
  const Opened at(dir.path());
  EXPECT_TRUE(at.store) << at.error->text();
}

TEST(StateDirectory, MustBeAPathThatCanBeUsed) {
  const TempDir dir;
  testing::spill(dir.path() / "file", "");
  struct Case {
    std::filesystem::path path;
    const char* says;
  };
  for (const Case& one : {Case{dir.path() / "a" / "b", "cannot make the directory"},
                          Case{dir.path() / "file", "cannot use as a directory"},
                          Case{dir.path() / "qu\"ote", "without quotes"}, Case{"relative", "not an absolute path"}}) {
    const Opened at(one.path);
    ASSERT_FALSE(at.store) << one.path;
    EXPECT_NE(at.error->what.find(one.says), std::string::npos) << at.error->text();
  }
  const Opened at(dir.path() / "sp ace = and 'that'");
  EXPECT_TRUE(at.store) << at.error->text();
}

}  // namespace
}  // namespace belay::store
