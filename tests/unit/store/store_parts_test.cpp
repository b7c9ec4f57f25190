// Small parts: the canonical encoding, the head's line, sentences for errors of the system, network file systems.
#include <cerrno>

#include "daemon/base/digest.hpp"
#include "daemon/store/cells.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/head.hpp"
#include "daemon/store/posix.hpp"
#include "daemon/store/query.hpp"
#include "daemon/store/state_lock.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace belay::store {
namespace {

using testing::slurp;
using testing::spill;
using testing::TempDir;

// The form is part of the journal's format: a change here makes every existing journal unreadable.
TEST(Encoding, IsWhatItAlwaysWas) {
  EXPECT_EQ(hash_cells("journal", {1LL, "a,b", "", -5LL}), sha256("journal\ni1,s3:a,b,s0:,i-5,").hex());
}

TEST(Encoding, TellsListsApart) {
  const std::vector<Cells> lists{{},         {""},       {"", ""},   {"a", "b"}, {"ab", ""},
                                 {"", "ab"}, {"a,s1:b"}, {1LL, 2LL}, {12LL},     {"12"}};
  for (std::size_t i = 0; i < lists.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(hash_cells("t", lists[i]), hash_cells("t", lists[j])) << i << " and " << j;
  EXPECT_NE(hash_cells("t", {}), hash_cells("u", {}));
}

TEST(HeadFile, SaysHowFarItGot) {
  const TempDir dir;
  const auto path = dir.path() / "journal.head";
  auto head = Head::open(path).value();
  EXPECT_FALSE(head.read().value());
  for (const std::uint64_t seq : {std::uint64_t{0}, std::uint64_t{41}, ~std::uint64_t{0}}) {
    ASSERT_TRUE(head.write({seq, seq, std::string(64, 'e')}));
    const auto reached = Head::open(path).value().read().value();
    ASSERT_TRUE(reached);
    EXPECT_EQ(reached->commits, seq);
    EXPECT_EQ(reached->seq, seq);
    EXPECT_EQ(reached->hash, std::string(64, 'e'));
  }
}

TEST(HeadFile, EveryDamageIsFound) {
  const TempDir dir;
  const auto path = dir.path() / "journal.head";
  ASSERT_TRUE(Head::open(path).value().write({7, 9, std::string(64, 'e')}));
  const std::string whole = slurp(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    spill(path, damaged);
    EXPECT_FALSE(Head::open(path).value().read()) << "byte " << i;
    if (i == 0) continue;
    spill(path, whole.substr(0, i));
    EXPECT_FALSE(Head::open(path).value().read()) << "cut at " << i;
  }
  spill(path, whole + " ");
  EXPECT_FALSE(Head::open(path).value().read());
}

// R2 in the database itself: whoever is not the owner any more changes nothing.
TEST(Fence, ACommitOfAnEarlierOwnerFails) {
  const TempDir dir;
  {
    auto database = Database::open(dir.path()).value();
    database->begin();
    (void)database->write(Event{}, 1);
    execute(database->session(), "UPDATE state SET epoch = 2");
    EXPECT_THROW(database->commit(), std::runtime_error);
  }
  auto database = Database::open(dir.path());
  ASSERT_TRUE(database) << database.error().text();
  EXPECT_EQ((*database)->epoch(), 2u) << "the failed commit has left something";
  EXPECT_TRUE(hash_at((*database)->session(), 1).empty());
}

TEST(SystemErrors, SayWhatToDoNext) {
  for (const int number : {ENOSPC, EDQUOT, EFBIG, EROFS, EACCES}) {
    const Error error = io_error("write", "/some/where", number).error();
    EXPECT_EQ(error.kind, Kind::io);
    EXPECT_TRUE(error.what.starts_with("cannot write /some/where: ")) << error.what;
    EXPECT_FALSE(error.next.empty()) << number;
  }
}

TEST(NetworkFileSystems, AreKnownByTheirNumbers) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(0xfe534d42), "SMB2");
  for (const unsigned long local : {0xef53UL, 0x58465342UL, 0x9123683eUL, 0x01021994UL, 0x794c7630UL, 0x2fc12fc1UL})
    EXPECT_FALSE(network_file_system(local));
}

}  // namespace
}  // namespace belay::store
