// Words on a terminal: nothing of a host's bytes reaches it raw, and columns are what a person sees.
#include "cli/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cli/sse.hpp"
#include "cli/table.hpp"
#include "tests/unit/cli/recorded_io.hpp"

namespace belay::cli::test {
namespace {

RC_GTEST_PROP(Text, SafeIsHarmlessForAllBytes, (const std::string& bytes)) {
  RC_ASSERT(is_harmless(safe(bytes)));
  std::string lines = safe(bytes, true);
  std::erase(lines, '\t');  // a tab moves on, never back
  RC_ASSERT(is_harmless(lines));
  // What the daemon has escaped already stays as it is.
  RC_ASSERT(safe(safe(bytes)) == safe(bytes));
}

RC_GTEST_PROP(Text, FitIsExactlyAsWideAsAsked, (const std::string& bytes)) {
  const std::string text = safe(bytes);
  const int columns = *rc::gen::inRange(0, 40);
  RC_ASSERT(width_of(fit(text, columns)) == columns);
  RC_ASSERT(width_of(cut(text, columns)) <= columns);
}

TEST(Text, WidthsAreColumns) {
  EXPECT_EQ(width_of("web1"), 4);
  EXPECT_EQ(width_of("größe"), 5);
  EXPECT_EQ(width_of("本番"), 4);
  EXPECT_EQ(width_of("e\xcc\x81"), 1);
  EXPECT_EQ(cut("Configure", 6), "Confi…");
  EXPECT_EQ(cut("Configure", 6, false), "Confi~");
  EXPECT_EQ(fit("ab", 4), "ab  ");
}

TEST(Text, DurationsCountsAndNames) {
  EXPECT_EQ(duration(0), "0:00");
  EXPECT_EQ(duration(-5), "0:00");
  EXPECT_EQ(duration(72'900), "1:12");
  EXPECT_EQ(duration(3'723'000), "1:02:03");
  EXPECT_EQ(count_of(1, "host", "hosts"), "1 host");
  EXPECT_EQ(names({"a"}), "a");
  EXPECT_EQ(names({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(names({"a", "b", "c", "d", "e", "f"}), "a, b, c and 3 more");
  EXPECT_EQ(bytes_of(1536), "1.5 KiB");
  EXPECT_EQ(date_time(0), "-");
}

TEST(Text, WrappingKeepsEveryWord) {
  EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("unbreakable", 4), std::vector<std::string>{"unbreakable"});
  EXPECT_EQ(wrapped("", 4), std::vector<std::string>{""});
}

TEST(Text, ColoursOnlyWhereWanted) {
  EXPECT_EQ(Paint{false}(Colour::red, "x"), "x");
  EXPECT_EQ(Paint{true}(Colour::red, "x"), "\x1b[31;1mx\x1b[0m");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({"A", "B"});
  table.row({"long cell", "x"});
  table.row({"本番", ""});
  EXPECT_EQ(table.text(Paint{}), "A          B\nlong cell  x\n本番\n");
}

// However the stream is cut into pieces, the events are the same.
RC_GTEST_PROP(Sse, PiecesMakeNoDifference, ()) {
  const std::string stream =
      ": hello\nretry: 500\n\nid: 7\nevent: applied\ndata: {\"a\":\ndata: 1}\n\nid: 8\r\ndata: x\r\n\r\ndata:y\n\n";
  std::vector<SseEvent> seen;
  SseParser parser([&](const SseEvent& event) {
    seen.push_back(event);
    return true;
  });
  for (std::size_t at = 0; at < stream.size();) {
    const auto size = static_cast<std::size_t>(*rc::gen::inRange(1, 12));
    RC_ASSERT(parser.feed(std::string_view(stream).substr(at, size)));
    at += size;
  }
  RC_ASSERT(seen.size() == 3u);
  RC_ASSERT(seen[0].id == "7" && seen[0].type == "applied" && seen[0].data == "{\"a\":\n1}");
  RC_ASSERT(seen[1].id == "8" && seen[1].type.empty() && seen[1].data == "x");
  RC_ASSERT(seen[2].id == "8" && seen[2].data == "y");
}

TEST(Sse, ALineWithoutEndIsGivenUp) {
  SseParser parser([](const SseEvent&) { return true; });
  bool good = true;
  for (int i = 0; i < 40 && good; ++i) good = parser.feed(std::string(1u << 16, 'x'));
  EXPECT_FALSE(good);
}

}  // namespace
}  // namespace belay::cli::test
