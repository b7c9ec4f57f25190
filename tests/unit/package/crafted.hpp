// Crafted packages: a tar stream made member by member, right or wrong in any detail, around a manifest that can lie;
// and a directory that goes away with its test.
#pragma once

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/package/format.hpp"
#include "daemon/package/tar.hpp"

namespace belay::package::testing {

namespace fs = std::filesystem;

inline void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string slurp(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "belay-test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Everything below, sorted: what a refusal may have left behind.
  [[nodiscard]] std::vector<std::string> listing() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(path)) out.push_back(entry.path().string());
    std::sort(out.begin(), out.end());
    return out;
  }

  fs::path path;
};

inline constexpr std::string_view plain_release = "application: demo\nversion: \"1.0\"\n";
inline constexpr std::string_view plain_playbook =
    "application: demo\nhosts: web\nsteps:\n  - name: Wait\n    wait: {for: 1s}\n";

inline std::string compress(std::string_view data, int window_log = 0) {
  std::string out(ZSTD_compressBound(data.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  if (window_log > 0) {
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  }
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  while (ZSTD_compressStream2(context, &to, &in, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

// Sets a field of a tar header block and mends its checksum.
inline std::string patched(std::string block, std::size_t at, std::string_view bytes) {
  block.replace(at, bytes.size(), bytes);
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < tar_block; ++i) sum += static_cast<unsigned char>(block[i]);
  char text[9];
  std::snprintf(text, sizeof text, "%06o", sum);
  block.replace(148, 6, text, 6);
  block[154] = '\0';
  return block;
}

// A package under construction: add() keeps manifest and stream in step, the rest breaks one of them.
class Crafted {
 public:
  Crafted() {
    file("release.yaml", plain_release);
    file("playbook.yaml", plain_playbook);
  }

  // A package whose first two files hold other texts.
  Crafted(std::string_view release, std::string_view playbook) {
    file("release.yaml", release);
    file("playbook.yaml", playbook);
  }

  Crafted& file(const std::string& path, std::string_view text, std::uint32_t mode = 0644) {
    return add({.path = path, .mode = mode, .size = text.size(), .digest = sha256(text)}, text);
  }
  Crafted& directory(const std::string& path, std::uint32_t mode = 0755) {
    return add({.path = path, .type = MemberType::directory, .mode = mode}, {});
  }
  Crafted& link(const std::string& path, const std::string& target) {
    return add({.path = path, .type = MemberType::symlink, .mode = 0777, .target = target}, {});
  }
  Crafted& add(const Member& member, std::string_view text) {
    members.push_back(member);
    stream.push_back(tar_header(member));
    raw(text);
    return *this;
  }
  // Contents without a header or manifest entry, padded to the block.
  Crafted& raw(std::string_view text) {
    stream.back() += text;
    stream.back().append(tar_padding(text.size()), '\0');
    return *this;
  }
  // Changes the header of the last member in the stream; the manifest stays.
  Crafted& patch(std::size_t at, std::string_view bytes) {
    stream.back().replace(0, tar_block, patched(stream.back().substr(0, tar_block), at, bytes));
    return *this;
  }
  // A member of the stream that the manifest does not list.
  Crafted& unlisted(std::string block) {
    stream.push_back(std::move(block));
    return *this;
  }

  [[nodiscard]] std::string tar() const {
    const std::string text = manifest ? *manifest : manifest_text(members).value();
    std::string out = manifest_header(text.size()) + text;
    out.append(tar_padding(text.size()), '\0');
    for (const auto& part : stream) out += part;
    out.append(2 * tar_block, '\0');
    return out;
  }

  std::vector<Member> members;
  std::vector<std::string> stream;
  std::optional<std::string> manifest;  // instead of the one that fits
};

}  // namespace belay::package::testing
