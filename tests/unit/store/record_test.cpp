// The record: rows are upserts by their natural keys, lists are in the promised order, odd bytes survive.
#include <limits>

#include "daemon/store/cells.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay {
// So that EXPECT_EQ can compare rows field by field.
template <class Row>
  requires requires(Row& row) { store::fields(row); }
bool operator==(const Row& a, const Row& b) {
  return store::fields(a) == store::fields(b);
}
}  // namespace belay

namespace belay::store {
namespace {

using testing::Opened;
using testing::TempDir;

using namespace std::string_literals;

const std::string odd = "it's \"odd\"; DROP TABLE runs; --\n\0\x80\xff :name ?1 $x"s;

RunRow run(std::string id, std::string application = "app", std::string environment = "test") {
  RunRow row;
  row.id = std::move(id);
  row.kind = RunKind::rollback;
  row.application = std::move(application);
  row.version = "1.0";
  row.environment = std::move(environment);
  row.reason = odd;
  row.created_ms = std::numeric_limits<std::int64_t>::max();
  return row;
}

RunFilter narrowed(std::string application, std::string environment = "", std::string state = "",
                   std::string before = "", int limit = 50) {
  return {std::move(application), std::move(environment), std::move(state), std::move(before), limit};
}

std::vector<std::string> ids(const std::vector<RunRow>& rows) {
  std::vector<std::string> all;
  for (const RunRow& row : rows) all.push_back(row.id);
  return all;
}

class Record : public ::testing::Test {
 protected:
  void write(std::vector<RecordWrite> rows) { at_.get(at_.store->append({}, std::move(rows))); }

  TempDir dir_;
  Opened at_{dir_.path()};
};

TEST_F(Record, RowsSurviveAnotherStart) {
  PackageRow package{std::string(64, '1'), "app", "1.0", "alice", "SHA256:x", 1ULL << 40, 7};
  EvidenceRow evidence{"rehearsal", "p", "t", "test", "r1", true, odd, 9};
  write({run("r1"), package, evidence, HostRow{"web-1", "test", odd}});
  at_.store.reset();
  Opened again(dir_.path());
  ASSERT_TRUE(again.store) << again.error->text();
  EXPECT_TRUE(again.get(again.store->run("r1")) == std::optional(run("r1")));
  EXPECT_TRUE(again.get(again.store->package(package.digest)) == std::optional(package));
  EXPECT_TRUE(again.get(again.store->evidence("p")) == std::vector{evidence});
  EXPECT_TRUE(again.get(again.store->hosts()) == (std::vector{HostRow{"web-1", "test", odd}}));
  EXPECT_FALSE(again.get(again.store->run("r2")));
  EXPECT_FALSE(again.get(again.store->package("none")));
  EXPECT_TRUE(again.get(again.store->evidence("none")).empty());
}

TEST_F(Record, ARunIsReplacedByItsId) {
  RunRow row = run("r1");
  write({row});
  row.state = "completed";
  row.exit_code = 0;
  row.outcome = "applied and verified";
  write({row});
  EXPECT_EQ(at_.get(at_.store->runs({})).size(), 1u);
  EXPECT_TRUE(at_.get(at_.store->run("r1")) == std::optional(row));
}

TEST_F(Record, RunsAreListedNewestFirstAndNarrowed) {
  RunRow done = run("r3", "other", "production");
  done.state = "completed";
  write({run("r1"), run("r4", "app", "production"), run("r2"), done});
  struct Case {
    RunFilter filter;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases{
      {{}, {"r4", "r3", "r2", "r1"}},
      {narrowed("app"), {"r4", "r2", "r1"}},
      {narrowed("", "production"), {"r4", "r3"}},
      {narrowed("app", "production"), {"r4"}},
      {narrowed("", "", "completed"), {"r3"}},
      {narrowed("", "", "running", "r4"), {"r2", "r1"}},
      {narrowed("", "", "", "r3"), {"r2", "r1"}},
      {narrowed("", "", "", "r1"), {}},
      {narrowed("", "", "", "", 3), {"r4", "r3", "r2"}},
      {narrowed("app", "", "", "r4", 1), {"r2"}},
      {narrowed("", "", "", "", 0), {}},
      {narrowed("' OR 1=1 --"), {}},
  };
  for (const Case& one : cases) EXPECT_EQ(ids(at_.get(at_.store->runs(one.filter))), one.expected);
}

TEST_F(Record, PackagesAreListedNewestFirst) {
  write({PackageRow{"a", "app", "1.0", "", "", 1, 10}, PackageRow{"b", "app", "1.1", "", "", 1, 20}});
  const auto packages = at_.get(at_.store->packages());
  ASSERT_EQ(packages.size(), 2u);
  EXPECT_EQ(packages[0].digest, "b");
}

TEST_F(Record, OneBaselineIsCurrentPerApplicationAndEnvironment) {
  const auto baseline = [](std::string environment, std::string of, std::int64_t at_ms) {
    return BaselineRow{"app", std::move(environment), "1.0", "p", std::move(of), "", "m", "q", at_ms, true};
  };
  write({baseline("test", "r1", 1), baseline("production", "r9", 1)});
  write({baseline("test", "r2", 2), baseline("test", "r3", 3)});
  auto all = at_.get(at_.store->baselines("app", "test"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].run, "r3");
  EXPECT_TRUE(all[0].current);
  EXPECT_FALSE(all[1].current);
  EXPECT_FALSE(all[2].current);
  EXPECT_TRUE(at_.get(at_.store->baselines("app", "production"))[0].current);
  EXPECT_TRUE(at_.get(at_.store->baselines("none", "test")).empty());

  // A rollback makes an earlier one current again; writing one that is not current takes nothing away.
  BaselineRow taken_back = baseline("test", "r3", 3);
  taken_back.current = false;
  write({taken_back, baseline("test", "r2", 2)});
  all = at_.get(at_.store->baselines("app", "test"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all[0].current);
  EXPECT_TRUE(all[1].current);

  at_.store.reset();
  const Opened again(dir_.path());
  EXPECT_TRUE(again.store) << "the hash of a row that lost its mark is stale: " << again.error->text();
}

TEST_F(Record, EvidenceIsNewestFirst) {
  write({EvidenceRow{"rehearsal", "p", "t", "test", "r1", false, "", 1},
         EvidenceRow{"rehearsal", "p", "t", "test", "r2", true, "", 2},
         EvidenceRow{"test-run", "p", "t", "test", "r1", true, "", 1}});
  write({EvidenceRow{"rehearsal", "p", "t", "test", "r1", true, "again", 1}});
  const auto all = at_.get(at_.store->evidence("p"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].run, "r2");
  EXPECT_TRUE(all[1].passed);
  EXPECT_TRUE(all[2].passed);
}

TEST_F(Record, BlocksHoldUntilLifted) {
  BlockRow first{"p", "test", "r1", "failed", 1, "", "", 0};
  write({first, BlockRow{"q", "test", "r2", "failed", 2, "", "", 0},
         BlockRow{"p", "test", "r3", "failed", 3, "", "", 0}});
  EXPECT_EQ(at_.get(at_.store->blocks("")).size(), 3u);
  EXPECT_EQ(at_.get(at_.store->blocks("p")).size(), 2u);
  first.lifted_by = "carol";
  first.lift_reason = "the disk was full";
  first.lifted_ms = 4;
  write({first});
  const auto left = at_.get(at_.store->blocks("p"));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].run, "r3");
}

TEST_F(Record, HostsAreListedByNameAndReplacedByIt) {
  write({HostRow{"web-2", "test", "{}"}, HostRow{"web-1", "test", "{}"}});
  write({HostRow{"web-2", "production", "{}"}});
  const auto hosts = at_.get(at_.store->hosts());
  ASSERT_EQ(hosts.size(), 2u);
  EXPECT_EQ(hosts[0].name, "web-1");
  EXPECT_EQ(hosts[1].environment, "production");
}

}  // namespace
}  // namespace belay::store
