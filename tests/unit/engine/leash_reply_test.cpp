// What a host answers is hostile: only an answer that is whole, ours and of the documented form counts.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "daemon/engine/leash.hpp"

namespace belay::engine {
namespace {

const std::string nonce = "0123456789abcdef0123456789abcdef";
const std::string begin = "\001belay " + nonce + " begin\n";

std::string end(const std::string& rc) { return "\001belay " + nonce + " end " + rc + "\n"; }
std::string section(const std::string& name, const std::string& bytes) {
  return fmt::format("\001{} {}\n{}\n", name, bytes.size(), bytes);
}

TEST(ParseReply, WholeAnswers) {
  const std::string nul("\0\xff\n\001", 4);
  struct Case {
    std::string bytes;
    int rc;
    std::map<std::string, std::string> sections;
  };
  const Case cases[] = {
      {begin + end("0"), 0, {}},
      {begin + end("71"), 71, {}},
      {begin + section("facts", "os=debian\n") + end("0"), 0, {{"facts", "os=debian\n"}}},
      {begin + section("out", "") + section("rc", "1\n") + end("0"), 0, {{"out", ""}, {"rc", "1\n"}}},
      {begin + section("out", nul) + end("0"), 0, {{"out", nul}}},
      // What a script printed may look like the protocol; its length says that it is not.
      {begin + section("out", end("0") + begin) + end("5"), 5, {{"out", end("0") + begin}}},
      {begin + section("out", "\001belay " + nonce + " begin\n") + end("0"), 0, {{"out", begin}}},
      // A login shell's banner and the motd stand in front of it, other programs' last words behind it.
      {"Welcome to web1!\r\n\x1b[2J" + begin + end("0"), 0, {}},
      {"\001belay ffffffffffffffffffffffffffffffff begin\n\001belay ffffffffffffffffffffffffffffffff end 0\n" + begin +
           end("3"),
       3,
       {}},
      {begin + end("0") + "logout\n\001x", 0, {}},
  };
  for (const Case& one : cases) {
    const auto reply = parse_reply(one.bytes, nonce);
    ASSERT_TRUE(reply.has_value()) << one.bytes << ": " << reply.error().text();
    EXPECT_EQ(reply->rc, one.rc);
    EXPECT_EQ(reply->sections, one.sections);
  }
  EXPECT_EQ(parse_reply(begin + end("0"), nonce)->section("none"), "");
}

TEST(ParseReply, EverythingElseIsAnUnknownOutcome) {
  const std::string other = "fedcba9876543210fedcba9876543210";
  const std::string cases[] = {
      "",
      "bash: /bin/sh: Permission denied\n",
      "belay " + nonce + " begin\n" + end("0"),
      "\001belay " + other + " begin\n\001belay " + other + " end 0\n",
      begin,
      begin.substr(0, begin.size() - 1),
      end("0"),
      begin + "\001belay " + other + " end 0\n",
      begin + end(""),
      begin + end("x"),
      begin + end("0x"),
      begin + end("99999999999999999999"),
      begin + end(" 0"),
      begin + "\001belay " + nonce + " end 0",
      begin + "noise\n" + end("0"),
      begin + "\n" + end("0"),
      begin + section("out", "text") + "noise\n" + end("0"),
      begin + "\001out 5\ntext\n" + end("0"),
      begin + "\001out 3\ntext\n" + end("0"),
      begin + "\001out -1\n\n" + end("0"),
      begin + "\001out +4\ntext\n" + end("0"),
      begin + "\001out 4x\ntext\n" + end("0"),
      begin + "\001out 0x4\ntext\n" + end("0"),
      begin + "\001out\ntext\n" + end("0"),
      begin + "\001 4\ntext\n" + end("0"),
      begin + "\001out 18446744073709551615\ntext\n" + end("0"),
      begin + "\001out 18446744073709551616\ntext\n" + end("0"),
      begin + "\001out 999999999\ntext\n" + end("0"),
      begin + "\001" + std::string(60, 'x') + " 0\n\n" + end("0"),
      begin + section("out", "text").substr(0, 8),
      begin + begin + end("0"),
      std::string(1 << 20, '\001'),
  };
  for (const std::string& bytes : cases) {
    const auto reply = parse_reply(bytes, nonce);
    ASSERT_FALSE(reply.has_value()) << bytes.substr(0, 200);
    EXPECT_EQ(reply.error().kind, Kind::unknown) << bytes.substr(0, 200);
    EXPECT_EQ(reply.error().text().find_first_of("\001\x1b\r\n"), std::string::npos) << bytes.substr(0, 200);
    EXPECT_LT(reply.error().text().size(), 1000u);
  }
}

TEST(ParseReply, AnAnswerThatIsCutAnywhereIsUnknown) {
  const std::string whole = "banner\n" + begin + section("out", "text\n" + end("0")) + section("rc", "0") + end("0");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_reply(whole.substr(0, size), nonce).has_value()) << size;
  EXPECT_TRUE(parse_reply(whole, nonce).has_value());
}

TEST(ParseReply, WhatALoginShellSaidIsTold) {
  const auto reply = parse_reply("This account is currently not available.\n", nonce);
  ASSERT_FALSE(reply.has_value());
  EXPECT_NE(reply.error().what.find("it said \"This account is currently not available.\\n\""), std::string::npos)
      << reply.error().what;
  EXPECT_NE(parse_reply("", nonce).error().what.find("it said nothing"), std::string::npos);
}

}  // namespace
}  // namespace belay::engine
