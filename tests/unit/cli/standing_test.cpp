// What a tired person reads about hosts that are not proven to be back.
#include "cli/standing_text.hpp"

#include <gtest/gtest.h>

namespace belay::cli::test {
namespace {

Json needs_operator() {
  return Json::parse(
      R"({"run":{"id":"01JD3Z6W0Q4T5V8X9Y1A2B3C4D","kind":"deploy","application":"portal","version":"1.2",
    "environment":"production","package":"abcdefabcdefabcdef","state":"needs-operator","exit_code":3},
    "standing":[
      {"name":"web1","reach":"ssh -p 22 release@192.0.2.1","note":"","steps":[
        {"step":2,"name":"Migrate","phase":"needs-operator","note":"the snapshot is damaged","token":"armed",
         "snapshot":"/var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/2/snap","copy":false,
         "differences":["/opt/a content differs","/opt/b is there, was not"]}]},
      {"name":"web2","reach":"","note":"","steps":[
        {"step":1,"name":"Unpack","phase":"applying","note":"","token":"",
         "snapshot":"/var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/1/snap","copy":true,"differences":null}]},
      {"name":"web3","reach":"","note":"differs from the baseline: /etc/x","steps":[]}]})");
}

TEST(Standing, TellsPerHostWhatStandsWhereAndHowToGoOn) {
  EXPECT_EQ(
      standing_text(read_view(needs_operator()), Paint{}),
      "NOT PROVEN TO BE BACK. Nothing was deleted, on no host.\n"
      "\n"
      "web1  ssh -p 22 release@192.0.2.1\n"
      "  step 2 Migrate\n"
      "    why       the snapshot is damaged\n"
      "    differs   /opt/a content differs\n"
      "              /opt/b is there, was not\n"
      "    token     armed: the step was never committed, and its way back has not begun to write\n"
      "    snapshot  /var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/2/snap on web1\n"
      "    copy      none: what stands on the host is the only one\n"
      "    look      cat /var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/2/snap/MANIFEST\n"
      "              cd /var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/2/snap && sha256sum -c SUMS\n"
      "\n"
      "web2  on the daemon's own machine\n"
      "  step 1 Unpack\n"
      "    differs   not looked at: the way back did not get that far, or lost the host\n"
      "    token     not known: the way back did not get that far, or lost the host\n"
      "    snapshot  /var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/1/snap on web2\n"
      "    copy      the daemon holds a sealed copy, and uses it when the host's snapshot is damaged\n"
      "    look      cat /var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/1/snap/MANIFEST\n"
      "              cd /var/lib/belay/runs/01JD3Z6W0Q4T5V8X9Y1A2B3C4D/1/snap && sha256sum -c SUMS\n"
      "\n"
      "web3  on the daemon's own machine\n"
      "    why       differs from the baseline: /etc/x\n"
      "\n"
      "To go on, one of these:\n"
      "  belay rollback 01JD3Z6W0Q4T5V8X9Y1A2B3C4D\n"
      "      the way back again, as often as needed; when a cause is put right first (room, a service, a copy of the\n"
      "      snapshot), it comes to its end\n"
      "  belay diff portal -e production\n"
      "  belay block lift abcdefabcdef -e production --reason 'put right by hand: …'\n"
      "      when you have put the hosts right by hand; the reason stays in the record\n\n");
}

TEST(Standing, NamesTheRunThatIsGoneBackFrom) {
  Json view = needs_operator();
  view["run"]["of"] = "01JD3Z6W0Q4T5V8X9Y1A2B3C4E";
  EXPECT_NE(standing_text(read_view(view), Paint{}).find("belay rollback 01JD3Z6W0Q4T5V8X9Y1A2B3C4D\n"),
            std::string::npos)
      << "the part of a rehearsal, not the rehearsal";
  view["run"]["kind"] = "rollback";
  EXPECT_NE(standing_text(read_view(view), Paint{}).find("belay rollback 01JD3Z6W0Q4T5V8X9Y1A2B3C4E\n"),
            std::string::npos);
}

TEST(Standing, SaysNothingWhereNothingIsLeft) {
  Json view = needs_operator();
  view["standing"] = Json::array();
  EXPECT_EQ(standing_text(read_view(view), Paint{}), "");
}

TEST(Standing, IsSafeToPrintAndHasAnEnd) {
  Json view = needs_operator();
  Json& step = view["standing"][0]["steps"][0];
  step["note"] = step["token"] = step["name"] = "x\x1b[2J\r\ny";
  step["differences"] = Json::array();
  for (int i = 0; i < 25; ++i) step["differences"].push_back("/\x1b" + std::to_string(i));
  const std::string text = standing_text(read_view(view), Paint{});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_NE(text.find("and 5 more: belay proof has all"), std::string::npos) << text;
}

}  // namespace
}  // namespace belay::cli::test
