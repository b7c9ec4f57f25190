// A server's first packet, read from bytes that nobody vouches for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "plugins/transport/ssh/kexinit.hpp"
#include "plugins/transport/ssh/wire.hpp"

namespace belay::ssh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string packet(const std::string& payload) {
  std::string out;
  put_u32(out, static_cast<std::uint32_t>(payload.size() + 5));
  out.push_back(4);
  return out + payload + std::string(4, '\0');
}

std::string kexinit(const std::string& kex, const std::string& keys, const std::string& ciphers,
                    const std::string& macs) {
  std::string out(1, 20);
  out += std::string(16, 'c');
  for (const auto& list : {kex, keys, ciphers, ciphers, macs, macs}) put_string(out, list);
  return out;
}

TEST(Offer, IsReadBehindAGreeting) {
  const std::string stream = "Authorized use only\r\n\nSSH-2.0-Test_1\r\n" +
                             packet(kexinit("a,b", "ssh-ed25519", "aes256-ctr", "hmac-sha2-256,x"));
  for (std::size_t size = 0; size + 4 < stream.size(); ++size) {
    // Never an answer from half a packet.
    if (size < stream.size() - 4)
      EXPECT_FALSE(read_offer(stream.substr(0, size)).has_value() && size < stream.size() - 8);
  }
  const auto offer = read_offer(stream);
  ASSERT_TRUE(offer.has_value());
  EXPECT_EQ(offer->banner, "SSH-2.0-Test_1");
  EXPECT_THAT(offer->kex, ::testing::ElementsAre("a", "b"));
  EXPECT_THAT(offer->macs, ::testing::ElementsAre("hmac-sha2-256", "x"));
}

TEST(Offer, LyingLengthsAreNothing) {
  const std::string banner = "SSH-2.0-x\n";
  for (const auto& bytes : {std::string("\xff\xff\xff\xff\x04", 5) + std::string(100, 'x'),
                            std::string("\0\0\0\0\0", 5), std::string("\0\0\0\x05\xff", 5) + std::string(10, 'x'),
                            packet("\x14"), packet(""), packet(std::string(40, '\xff'))}) {
    EXPECT_FALSE(read_offer(banner + bytes).has_value());
  }
}

TEST(Offer, AnyBytesAreSurvived) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    (void)read_offer(bytes);
    (void)read_offer("SSH-2.0-x\n" + packet(bytes));
    (void)read_offer("SSH-2.0-x\n" + packet(std::string(1, 20) + bytes));
    Offer offer;
    if (read_kexinit(std::string(1, 20) + std::string(16, 'c') + bytes, offer))
      (void)explain(offer, "web1", {"ssh-ed25519"});
  }));
}

TEST(Explanation, NamesWhatIsMissingAndWhatToChange) {
  const std::string all(our_kex);
  struct Case {
    Offer offer;
    const char* what;
    const char* next;
  };
  const auto offer = [](std::string_view kex, std::string_view keys, std::string_view ciphers, std::string_view macs) {
    return Offer{"SSH-2.0-x", split(kex, ','), split(keys, ','), split(ciphers, ','), split(macs, ',')};
  };
  const Case cases[] = {
      {offer("sntrup761,kex-strict-s-v00@openssh.com", our_host_keys, our_ciphers, our_macs),
       "web1 offers only key exchanges sntrup761,", "KexAlgorithms"},
      {offer(our_kex, "rsa-sha2-512,rsa-sha2-256", our_ciphers, our_macs), "rsa-sha2-512, rsa-sha2-256",
       "ed25519 host key"},
      {offer(our_kex, our_host_keys, "aes256-gcm@openssh.com", our_macs), "ciphers aes256-gcm@openssh.com",
       "aes256-ctr"},
      {offer(our_kex, our_host_keys, our_ciphers, "hmac-sha2-256-etm@openssh.com"),
       "MACs hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"},
      {offer(our_kex, our_host_keys, our_ciphers, ""), "MACs none at all", "hmac-sha2-256"},
      {offer(our_kex, "ecdsa-sha2-nistp256", our_ciphers, our_macs), "pinned ones are of type ssh-ed25519", "scan-key"},
  };
  for (const Case& c : cases) {
    const auto error = explain(c.offer, "web1", {"ssh-ed25519"});
    ASSERT_TRUE(error.has_value()) << c.what;
    EXPECT_EQ(error->kind, Kind::refused);
    EXPECT_THAT(error->what, HasSubstr(c.what));
    EXPECT_THAT(error->next, HasSubstr(c.next));
  }
  EXPECT_FALSE(explain(offer(our_kex, our_host_keys, our_ciphers, our_macs), "web1", {"ssh-ed25519"}).has_value());
}

TEST(Explanation, HostileNamesAreEscaped) {
  const Offer offer{"SSH-2.0-x", {"\x1b[2Jevil"}, {}, {}, {}};
  const auto error = explain(offer, "web1", {"ssh-ed25519"});
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->what.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace belay::ssh
