// Hostile packages (threats F-50 to F-54), one case each: refused with one clear sentence, nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "daemon/package/package.hpp"
#include "tests/unit/package/crafted.hpp"

namespace belay::package {
namespace {

using testing::compress;
using testing::Crafted;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::patched;
using testing::TempDir;

struct Case {
  std::string name;
  std::string bytes;  // the package file
  std::string what;   // part of the sentence
  Limits limits = {};
};

std::string pack(const Crafted& crafted) { return compress(crafted.tar()); }

// A payload file of this name, listed and present, with its parents.
std::string named(const std::string& path) {
  Crafted crafted;
  for (std::size_t at = path.find('/'); at != path.npos && path[0] != '/'; at = path.find('/', at + 1)) {
    const auto parent = path.substr(0, at);
    if (crafted.members.back().path != parent) crafted.directory(parent);
  }
  return pack(crafted.file(path, "x"));
}

std::string two_files(const std::string& a, const std::string& b) {
  return pack(Crafted().directory("files").file(a, "x").file(b, "y"));
}

std::string links(const std::string& path, const std::string& target) {
  return pack(Crafted().directory("files").directory("files/d").link(path, target));
}

// One listed file "files/x" whose header in the stream is changed.
std::string header(std::size_t at, std::string_view bytes) {
  return pack(Crafted().directory("files").file("files/x", "x").patch(at, bytes));
}

// A member that the manifest lists as a file, and that the stream brings as something else.
std::string typed(char type, const std::string& target = "") {
  Crafted crafted;
  crafted.directory("files").file("files/x", "");
  crafted.patch(156, std::string_view(&type, 1));
  if (!target.empty()) crafted.patch(157, target);
  return pack(crafted);
}

std::string with_manifest(const std::function<void(std::string&)>& change) {
  Crafted crafted;
  crafted.directory("files").file("files/x", "x");
  std::string text = manifest_text(crafted.members).value();
  change(text);
  crafted.manifest = text;
  return pack(crafted);
}

void swap_text(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  ASSERT_NE(at, text.npos) << from;
  text.replace(at, from.size(), to);
}

std::vector<Case> names() {
  return {
      {"parent", named("files/../x"), "\"..\""},
      {"only_parent", named("../x"), "not allowed in a package"},
      {"absolute", named("/etc/passwd"), "it is absolute"},
      {"hidden_parent", named("files/b/../../x"), "\"..\""},
      {"double_slash", named("files//x"), "empty part"},
      {"double_slash_parent", named("files//../x"), "empty part"},
      {"dot", named("files/./x"), "\".\""},
      {"trailing_slash", named("files/x/"), "empty part"},
      {"nul", named(std::string("files/x\0y", 9)), "control character"},
      {"newline", named("files/x\ny"), "control character"},
      {"escape", named("files/x\x1B[2J"), "control character"},
      {"backslash", named("files/..\\x"), "backslash"},
      {"device_con", named("files/CON"), "device of Windows"},
      {"device_nul_txt", named("files/nul.txt"), "device of Windows"},
      {"device_directory", named("files/aux/x"), "device of Windows"},
      {"trailing_dot", named("files/x."), "ends in a dot or a blank"},
      {"trailing_blank", named("files/x "), "ends in a dot or a blank"},
      {"directory_trailing_dot", named("files/d./x"), "ends in a dot or a blank"},
      {"bidi", named("files/x\xE2\x80\xAEtxt"), "cannot be seen"},
      {"zero_width", named("files/x\xE2\x80\x8By"), "cannot be seen"},
      {"long_part", named("files/" + std::string(256, 'a')), "more than 255 bytes"},
      {"outside_payload", named("etc"), "outside files/"},
      {"manifest_twice", named("MANIFEST.json"), "outside files/"},
      {"case_twins", two_files("files/README", "files/readme"), "differ only in case"},
      {"case_twins_greek", two_files("files/\xCE\xA3", "files/\xCF\x83"), "differ only in case"},
      {"composed_twins", two_files("files/e\xCC\x81", "files/\xC3\xA9"), "how accents are composed"},
      {"same_name_twice", two_files("files/x", "files/x"), "there twice"},
      {"not_sorted", two_files("files/b", "files/a"), "not in its sorted place"},
      {"no_parent", pack(Crafted().directory("files").file("files/d/x", "x")), "no directory of the package"},
      {"no_files_directory", pack(Crafted().file("files/x", "x")), "no directory of the package"},
  };
}

// Invalid UTF-8 cannot even be written into a manifest by the real writer; raw JSON can.
std::vector<Case> bad_manifests() {
  return {
      {"overlong_name", with_manifest([](std::string& t) { swap_text(t, "files/x", "files/\xC0\xAF"); }),
       "not valid UTF-8"},
      {"blanks", with_manifest([](std::string& t) { t += " "; }), "do not belong"},
      {"extra_key", with_manifest([](std::string& t) { swap_text(t, "\"format\"", "\"a\":1,\"format\""); }),
       "do not belong"},
      {"key_twice",
       with_manifest([](std::string& t) { swap_text(t, "\"members\"", "\"format\":\"belay-package/1\",\"members\""); }),
       "there twice"},
      {"other_format", with_manifest([](std::string& t) { swap_text(t, "belay-package/1", "belay-package/9"); }),
       "this belay reads belay-package/1"},
      {"deep", with_manifest([](std::string& t) { t = std::string(100'000, '['); }), "nested deeper"},
      {"no_json", with_manifest([](std::string& t) { t = "hello"; }), "not JSON"},
      {"empty_manifest", with_manifest([](std::string& t) { t.clear(); }), "not JSON"},
      {"negative_size", with_manifest([](std::string& t) { swap_text(t, "\"size\":1", "\"size\":-1"); }),
       "is no number"},
      {"float_size", with_manifest([](std::string& t) { swap_text(t, "\"size\":1", "\"size\":1.0"); }), "is no number"},
      {"huge_size", with_manifest([](std::string& t) { swap_text(t, "\"size\":1", "\"size\":18446744073709551615"); }),
       "at most 8.0 GiB are allowed"},
      {"upper_digest", with_manifest([](std::string& t) {
         t.back() = '}';
         swap_text(t, "\"sha256\":\"", "\"sha256\":\"G");
       }),
       "not 64 hex digits"},
      {"unknown_type",
       with_manifest([](std::string& t) { swap_text(t, "\"type\":\"directory\"", "\"type\":\"device\""); }),
       "only files, directories and symlinks"},
      {"bad_mode", with_manifest([](std::string& t) { swap_text(t, "\"mode\":\"0755\"", "\"mode\":\"99999\""); }),
       "four octal digits"},
      {"other_contents", with_manifest([](std::string& t) { swap_text(t, sha256("x").hex(), sha256("y").hex()); }),
       "not those that the manifest lists"},
      {"claims_more", with_manifest([](std::string& t) { swap_text(t, "\"size\":1", "\"size\":2"); }), "has the size"},
  };
}

std::vector<Case> link_cases() {
  return {
      {"absolute_link", links("files/l", "/etc"), "its target is absolute"},
      {"link_out", links("files/l", "../../etc"), "leaves files/"},
      {"link_out_of_files", links("files/l", "../x"), "leaves files/"},
      {"link_deep_out", links("files/d/l", "../../x"), "leaves files/"},
      {"link_sneaks_out", links("files/l", "d/../../x"), "leaves files/"},
      {"link_empty", links("files/l", ""), "has no target"},
      {"link_backslash", links("files/l", "..\\..\\x"), "no clean path"},
      {"link_newline", links("files/l", "a\nb"), "no clean path"},
      {"link_chain_out",
       pack(Crafted().directory("files").directory("files/d").link("files/d/up", "..").link("files/e", "d/up/../x")),
       "leaves files/"},
      {"link_loop", pack(Crafted().directory("files").link("files/a", "b").link("files/b", "a")), "too many links"},
      {"file_through_link",
       pack(Crafted().directory("files").directory("files/a").link("files/l", "a").file("files/l/x", "x")),
       "no directory of the package"},
      {"file_through_file", pack(Crafted().directory("files").file("files/f", "x").file("files/f/x", "x")),
       "no directory of the package"},
      // node-tar CVE-2021-32803: a directory, then a link of the same name.
      {"directory_then_link",
       pack(Crafted().directory("files").directory("files/d").link("files/d", "/etc").file("files/d/x", "x")),
       "there twice"},
      {"directory_is_link_in_stream",
       pack(Crafted().directory("files").directory("files/d").patch(156, "2").patch(157, "/etc")),
       "is a symbolic link, the manifest lists a directory"},
      {"other_target_in_stream", pack(Crafted().directory("files").link("files/l", "x").patch(157, "/etc/passwd")),
       "another target"},
      {"hard_link", typed('1', "/etc/shadow"), "is a hard link"},
      {"hard_link_to_link", typed('1', "files/l"), "is a hard link"},
  };
}

std::vector<Case> headers() {
  const std::string gnu_long(tar_block, '\0');
  return {
      {"character_device", typed('3'), "a character device"},
      {"block_device", typed('4'), "a block device"},
      {"fifo", typed('6'), "a fifo"},
      {"contiguous", typed('7'), "a contiguous file"},
      {"gnu_sparse", typed('S'), "a GNU sparse file"},
      {"gnu_long_name", typed('L'), "a GNU long name"},
      {"gnu_long_link", typed('K'), "a GNU long name"},
      {"global_pax", typed('g'), "a global pax header"},
      {"pax_override", typed('x'), "a pax header that the manifest does not call for"},
      {"gnu_volume", typed('V'), "a GNU extension"},
      {"unknown_type", typed('Z'), "something unknown"},
      {"setuid_undeclared", pack(Crafted().directory("files").file("files/x", "x", 04755)), "setuid"},
      {"setgid_directory", pack(Crafted().directory("files", 02755)), "setuid, setgid or sticky"},
      {"odd_mode_undeclared", pack(Crafted().directory("files").file("files/x", "x", 0666)), "does not declare"},
      {"setuid_in_stream", header(100, "0004755"), "has the mode 0004755"},
      {"owner", header(108, "0001750"), "carries an owner"},
      {"huge_owner", header(108, "\x80\0\0\0\xFF\xFF\xFF"), "carries an owner"},
      {"group", header(116, "0000001"), "carries an owner"},
      {"owner_name", header(265, "root"), "name of an owner"},
      {"time", header(136, "14000000000"), "carries a time"},
      {"gnu_magic", header(257, "ustar  "), "not in the ustar format"},
      {"prefix", header(345, "../.."), "canonical form"},
      {"size_lie", header(124, "00000000002"), "has the size"},
      {"size_base256", header(124, std::string_view("\x80\0\0\0\0\0\0\0\0\0\0\1", 12)), "has the size"},
      {"size_negative", header(124, "-0000000001"), "has the size"},
      {"size_overflow", header(124, "77777777777"), "has the size"},
      {"other_name", header(0, "files/y"), "stands where the manifest lists"},
      {"traversal_in_stream", header(0, "../../x"), "\"..\""},
      {"unlisted_member", pack(Crafted().unlisted(tar_header({.path = "evil", .mode = 0644}))),
       "holds more than its manifest lists"},
      {"missing_member", compress([] {
         Crafted crafted;
         crafted.directory("files").file("files/x", "x");
         crafted.stream.pop_back();
         return crafted.tar();
       }()),
       "ends before its member"},
      {"manifest_not_first", compress([] {
         const std::string tar = Crafted().tar();
         return tar_header({.path = "files", .type = MemberType::directory, .mode = 0755}) + tar;
       }()),
       "MANIFEST.json"},
      {"bad_checksum", compress([] {
         std::string tar = Crafted().tar();
         tar[0] = 'm';
         return tar;
       }()),
       "damaged"},
      {"hidden_padding", compress([] {
         std::string tar = Crafted().tar();
         tar[tar.size() - 2 * tar_block - 1] = 'x';
         return tar;
       }()),
       "hides bytes between its members"},
  };
}

std::vector<Case> streams() {
  const std::string good = pack(Crafted().directory("files").file("files/x", std::string(100'000, 'x')));
  const std::string tar = Crafted().tar();
  std::string flipped = good;
  flipped[flipped.size() - 1] = static_cast<char>(flipped[flipped.size() - 1] ^ 1);
  const std::string skippable("\x50\x2A\x4D\x18\x04\0\0\0evil", 12);
  Limits small;
  small.total = 1000;
  Limits tight;
  tight.ratio = 10;
  tight.ratio_from = 1000;
  Limits few;
  few.members = 10;
  Crafted many;
  many.directory("files");
  for (int i = 0; i < 100; ++i) many.file("files/" + std::to_string(1000 + i), "");
  Crafted deep;
  std::string path = "files";
  for (int i = 0; i < 100; ++i, path += "/d") deep.directory(path);
  std::string large_manifest = manifest_header(0);
  large_manifest = patched(large_manifest, 124, "70000000000");
  return {
      {"empty", "", "does not begin with a zstd frame"},
      {"text", "hello, world\n", "does not begin with a zstd frame"},
      {"gzip", "\x1F\x8B\x08", "does not begin with a zstd frame"},
      {"plain_tar", tar, "does not begin with a zstd frame"},
      {"cut_head", good.substr(0, 6), "cut off"},
      {"cut_middle", good.substr(0, good.size() / 2), "cut off"},
      {"cut_last_byte", good.substr(0, good.size() - 1), "cut off"},
      {"flipped_bit", flipped, "damaged"},
      {"cut_tar", compress(tar.substr(0, tar.size() - tar_block)), "cut off"},
      {"cut_in_member", compress(tar.substr(0, tar.size() - 3 * tar_block)), "cut off"},
      {"trailing_byte", good + "x", "bytes after the end"},
      {"trailing_zeros", good + std::string(10, '\0'), "bytes after the end"},
      {"trailing_in_frame", compress(tar + "x"), "bytes after the end"},
      {"trailing_blocks_in_frame", compress(tar + std::string(tar_block, '\0')), "bytes after the end"},
      {"two_archives", good + good, "bytes after the end"},
      {"two_tars_in_frame", compress(tar + tar), "bytes after the end"},
      {"skippable_before", skippable + good, "does not begin with a zstd frame"},
      {"skippable_after", good + skippable, "bytes after the end"},
      {"huge_window", compress(Crafted().directory("files").file("files/x", std::string(20 << 20, 'x')).tar(), 27),
       "damaged"},
      {"bomb_total", pack(Crafted().directory("files").file("files/x", std::string(2000, 'x'))),
       "at most 1000 bytes are allowed", small},
      {"bomb_ratio", pack(Crafted().directory("files").file("files/x", std::string(1 << 20, '\0'))),
       "more than 10 times its size", tight},
      {"bomb_default_limits", with_manifest([](std::string& t) { swap_text(t, "\"size\":1", "\"size\":7000000000"); }),
       "more than 1000 times its size"},
      {"bomb_absolute",
       with_manifest([](std::string& t) { swap_text(t, "\"size\":1", "\"size\":9000000000000000000"); }),
       "at most 8.0 GiB are allowed"},
      {"bomb_manifest", compress(large_manifest), "MANIFEST.json claims"},
      {"bomb_longer_than_listed",
       pack(Crafted().directory("files").file("files/x", "x").raw(std::string(10 << 20, '\0'))), ""},
      {"too_many_members", pack(many), "at most 10 are allowed", few},
      {"too_deep", pack(deep), "deeper than 64"},
      {"too_long",
       named("files/" + std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(200, 'c') + "/" +
             std::string(200, 'd') + "/" + std::string(230, 'e')),
       "more than 1024 bytes"},
      {"large_release", pack(Crafted(std::string(1 << 20, '#') + "\n", testing::plain_playbook)),
       "release.yaml has more than"},
  };
}

std::vector<Case> yamls() {
  const auto release = [](std::string_view text) { return pack(Crafted(text, testing::plain_playbook)); };
  const auto playbook = [](std::string_view text) { return pack(Crafted(testing::plain_release, text)); };
  return {
      {"yaml_deep", release("a: " + std::string(16'000, '[')), ""},
      {"yaml_deep_closed", release(std::string(16'000, '[') + std::string(16'000, ']')), "nested deeper than 32"},
      {"yaml_alias_bomb", playbook("a: &a [x]\nb: [*a, *a]\n"), "anchors"},
      {"yaml_duplicate", release("application: demo\napplication: evil\nversion: x\n"), "there twice"},
      {"yaml_merge", playbook("<<: {application: demo}\n"), "merge keys"},
      {"yaml_tag", release("application: !!binary ZGVtbw==\n"), "tags"},
      {"yaml_bom",
       release("\xEF\xBB\xBF"
               "application: demo\nversion: x\n"),
       "byte order mark"},
      {"yaml_utf16", release(std::string("a\0:\0 \0b\0", 8)), "UTF-16"},
      {"yaml_two_documents", release("application: demo\nversion: x\n---\napplication: evil\n"), "second document"},
      {"yaml_unknown_key", release("application: demo\nversion: x\nscript: reboot\n"), "not known"},
      {"yaml_yes", playbook("application: demo\nhosts: web\nbecome: yes\nsteps: [{name: a, wait: {}}]\n"),
       "must be true or false"},
      {"yaml_application_path", release("application: ../etc\nversion: x\n"), "must be a name"},
      {"yaml_version_path", release("application: demo\nversion: ../../x\n"), "must be a version"},
      {"yaml_other_application", playbook("application: other\nhosts: web\nsteps: [{name: a, wait: {}}]\n"),
       "playbook.yaml about \"other\""},
      {"yaml_two_actions", playbook("application: demo\nhosts: web\nsteps: [{name: a, wait: {}, command: {}}]\n"),
       "two actions"},
      {"yaml_no_action", playbook("application: demo\nhosts: web\nsteps: [{name: a}]\n"), "no action"},
      {"modes_lie",
       pack(Crafted("application: demo\nversion: x\nmodes: {files/x: \"0600\"}\n", testing::plain_playbook)
                .directory("files")
                .file("files/x", "x")),
       "release.yaml declares 0600"},
  };
}

std::vector<Case> all() {
  std::vector<Case> out;
  for (auto group : {names(), bad_manifests(), link_cases(), headers(), streams(), yamls()}) {
    out.insert(out.end(), group.begin(), group.end());
  }
  return out;
}

class HostilePackage : public ::testing::TestWithParam<Case> {};

TEST_P(HostilePackage, IsRefusedInOneSentenceAndLeavesNothing) {
  const auto& c = GetParam();
  TempDir dir;
  testing::write(dir.path / "evil.belay", c.bytes);
  const auto before = dir.listing();
  auto got = Package::open(dir.path / "evil.belay", c.limits);
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().what, HasSubstr(c.what));
  EXPECT_THAT(got.error().what, Not(IsEmpty()));
  EXPECT_EQ(got.error().what.find('\n'), std::string::npos);
  EXPECT_EQ(got.error().text().find('\x1B'), std::string::npos);
  EXPECT_EQ(dir.listing(), before);
}

INSTANTIATE_TEST_SUITE_P(F50toF54, HostilePackage, ::testing::ValuesIn(all()),
                         [](const auto& param) { return param.param.name + "_" + std::to_string(param.index); });

TEST(CraftedPackage, IsFineWhenNothingIsBroken) {
  TempDir dir;
  Crafted crafted("application: demo\nversion: x\nmodes: {files/s: \"4755\"}\n", testing::plain_playbook);
  crafted.directory("files")
      .directory("files/d")
      .file("files/d/x", "x", 0755)
      .link("files/l", "d/x")
      .file("files/s", "s", 04755);
  testing::write(dir.path / "good.belay", pack(crafted));
  auto got = Package::open(dir.path / "good.belay");
  ASSERT_TRUE(got.has_value()) << got.error().text();
  EXPECT_EQ(got->members(), crafted.members);
}

TEST(CraftedPackage, IsNoPackageWhenItIsNoFile) {
  TempDir dir;
  EXPECT_EQ(Package::open(dir.path / "none").error().kind, Kind::not_found);
  EXPECT_THAT(Package::open(dir.path).error().what, HasSubstr("not a regular file"));
  ASSERT_EQ(::mkfifo((dir.path / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(Package::open(dir.path / "fifo").error().what, HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace belay::package
