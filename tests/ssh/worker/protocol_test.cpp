// The bytes of the worker protocol: what is a frame, what is a message, and that nothing else is taken for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "belay/worker_protocol.hpp"

namespace belay::worker_protocol {
namespace {

using ::testing::HasSubstr;

TEST(Frames, SurviveAnyCutting) {
  EXPECT_TRUE(rc::check([] {
    std::vector<Frame> sent;
    std::string bytes;
    const int count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) {
      Frame frame;
      frame.type = static_cast<Type>(*rc::gen::inRange(1, 16));
      frame.connection = *rc::gen::arbitrary<std::uint32_t>();
      frame.exec = *rc::gen::arbitrary<std::uint32_t>();
      frame.payload = *rc::gen::arbitrary<std::string>();
      bytes += encode(frame);
      sent.push_back(frame);
    }
    Decoder decoder;
    std::vector<Frame> got;
    while (!bytes.empty()) {
      const auto piece = *rc::gen::inRange<std::size_t>(1, bytes.size() + 1);
      decoder.feed(std::string_view(bytes).substr(0, piece));
      bytes.erase(0, piece);
      for (;;) {
        auto frame = decoder.next();
        RC_ASSERT(frame.has_value());
        if (!*frame) break;
        got.push_back(std::move(**frame));
      }
    }
    RC_ASSERT(got.size() == sent.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      RC_ASSERT(got[i].type == sent[i].type && got[i].connection == sent[i].connection && got[i].exec == sent[i].exec &&
                got[i].payload == sent[i].payload);
    }
  }));
}

TEST(Frames, RandomBytesNeverCrash) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    Decoder decoder;
    decoder.feed(bytes);
    for (;;) {
      const auto frame = decoder.next();
      if (!frame || !*frame) break;
    }
    // None of these is more than an error either.
    (void)parse<Hello>(bytes);
    (void)parse<Open>(bytes);
    (void)parse<Exec>(bytes);
    (void)parse<Exit>(bytes);
    (void)parse<Failure>(bytes);
    (void)parse_credit(bytes);
  }));
}

struct BadFrame {
  const char* name;
  std::string bytes;
  const char* says;
};

class BadFrames : public ::testing::TestWithParam<BadFrame> {};

TEST_P(BadFrames, AreRefused) {
  Decoder decoder;
  decoder.feed(GetParam().bytes);
  const auto frame = decoder.next();
  ASSERT_FALSE(frame.has_value());
  EXPECT_THAT(frame.error().what, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadFrames,
    ::testing::Values(BadFrame{"no_length", std::string(4, '\0'), "length of 0"},
                      BadFrame{"shorter_than_header", std::string("\0\0\0\x08", 4), "length of 8"},
                      BadFrame{"one_byte_too_long", std::string("\0\x0f\xff\xfd", 4), "length of 1048573"},
                      BadFrame{"four_gigabytes", std::string("\xff\xff\xff\xff", 4), "length of 4294967295"},
                      BadFrame{"type_zero", std::string("\0\0\0\x09\0", 5), "unknown type 0"},
                      BadFrame{"type_sixteen", std::string("\0\0\0\x09\x10", 5), "unknown type 16"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Frames, TheLargestFits) {
  Decoder decoder;
  decoder.feed(encode({Type::data, 1, 1, std::string(max_frame - header_size, 'x')}));
  const auto frame = decoder.next();
  ASSERT_TRUE(frame.has_value() && frame->has_value());
  EXPECT_EQ((*frame)->payload.size(), max_frame - header_size);
}

TEST(Messages, KeepWhatTheySay) {
  Open open;
  open.name = "web1";
  open.address = "web1.example.org";
  open.addresses = {"192.0.2.1", "2001:db8::1"};
  open.port = 2222;
  open.user = "deploy";
  open.host_keys = {"ssh-ed25519 AAAA"};
  open.ssh_config = "/etc/belay/ssh_config";
  open.deadline_ms = 5000;
  const auto read = parse<Open>(to_json(open));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->addresses, open.addresses);
  EXPECT_EQ(read->port, open.port);
  EXPECT_EQ(read->host_keys, open.host_keys);
  EXPECT_EQ(read->deadline_ms, open.deadline_ms);

  const auto exit = parse<Exit>(to_json(Exit{Exit::End::timed_out, -1, "", "too late"}));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->end, Exit::End::timed_out);

  Hello hello;
  hello.failure = Failure{Kind::refused, "no key \xff", "make one"};
  const auto greeted = parse<Hello>(to_json(hello));
  ASSERT_TRUE(greeted.has_value() && greeted->failure.has_value());
  EXPECT_EQ(greeted->failure->kind, Kind::refused);
}

TEST(Messages, WrongOnesAreRefused) {
  for (const char* json : {"", "[]", "{", "null", "{\"version\":\"1\"}", "{\"version\":-1}", "{\"version\":1e300}",
                           "{\"version\":1,\"failure\":{}}", "{\"version\":1,\"key\":7}"}) {
    EXPECT_FALSE(parse<Hello>(json).has_value()) << json;
  }
  for (const char* json : {"{}", "{\"end\":\"fine\"}", "{\"end\":\"exited\",\"status\":\"0\"}",
                           "{\"end\":\"exited\",\"status\":99999999999999999999}"}) {
    EXPECT_FALSE(parse<Exit>(json).has_value()) << json;
  }
  for (const char* json : {"{\"command\":\"true\"}", "{\"command\":\"true\",\"deadline_ms\":0,\"credit\":1}",
                           "{\"command\":\"true\",\"deadline_ms\":1,\"credit\":4294967296}"}) {
    EXPECT_FALSE(parse<Exec>(json).has_value()) << json;
  }
  EXPECT_FALSE(parse_credit("abc").has_value());
  EXPECT_FALSE(parse_credit(std::string(4, '\0')).has_value());
}

TEST(Hosts, WhatCouldBeAnOptionOrAWordIsRefused) {
  struct Case {
    const char* name;
    void (*spoil)(Open&);
  };
  const Case cases[] = {
      {"name", [](Open& o) { o.name = "-oProxyCommand=reboot"; }},
      {"name", [](Open& o) { o.name = "a b"; }},
      {"name", [](Open& o) { o.name = ""; }},
      {"name", [](Open& o) { o.name = "web1\n"; }},
      {"address", [](Open& o) { o.address = "-p"; }},
      {"address", [](Open& o) { o.address = "$(reboot)"; }},
      {"address", [](Open& o) { o.address = "user@host"; }},
      {"address", [](Open& o) { o.addresses = {"-1"}; }},
      {"user", [](Open& o) { o.user = "-oProxyCommand=reboot"; }},
      {"user", [](Open& o) { o.user = "root;reboot"; }},
      {"user", [](Open& o) { o.user = "root%h"; }},
      {"host key", [](Open& o) { o.host_keys = {"ssh-ed25519"}; }},
      {"host key", [](Open& o) { o.host_keys = {"ssh-ed25519 AAAA\n* ssh-ed25519 BBBB"}; }},
      {"host key", [](Open& o) { o.host_keys = {"ssh-ed25519 AAAA comment"}; }},
      {"host keys", [](Open& o) { o.host_keys.assign(17, "ssh-ed25519 AAAA"); }},
      {"ssh_config", [](Open& o) { o.ssh_config = "config"; }},
      {"ssh_config", [](Open& o) { o.ssh_config = "/a b"; }},
  };
  for (const Case& c : cases) {
    Open open;
    open.name = "web1";
    open.address = "fe80::1%eth0";
    open.user = "deploy";
    open.host_keys = {"ecdsa-sha2-nistp256 AAAA+/==", "cert-authority ssh-ed25519 AAAA"};
    ASSERT_TRUE(check(open).has_value());
    c.spoil(open);
    const auto checked = check(open);
    ASSERT_FALSE(checked.has_value()) << c.name;
    EXPECT_THAT(checked.error().what, HasSubstr(c.name));
  }
}

}  // namespace
}  // namespace belay::worker_protocol
