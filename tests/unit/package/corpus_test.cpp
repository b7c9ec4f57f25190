// Replays the fuzz corpus in every build: what once was found stays found, without libFuzzer.
#include <gtest/gtest.h>

#include "tests/fuzz/package/targets.hpp"
#include "tests/unit/package/crafted.hpp"

namespace belay::package {
namespace {

namespace fs = std::filesystem;

TEST(Corpus, HoldsForEveryTarget) {
  const std::map<std::string, void (*)(std::string_view)> targets = {
      {"yaml", fuzz_yaml},         {"json", fuzz_json}, {"archive", fuzz_archive},    {"tar", fuzz_tar},
      {"manifest", fuzz_manifest}, {"text", fuzz_text}, {"signature", fuzz_signature}};
  std::vector<std::string> everything;
  for (const auto& [name, target] : targets) {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(BELAY_SOURCE_DIR) / "tests/fuzz/package/corpus" / name)) {
      everything.push_back(testing::slurp(entry.path()));
      ++count;
    }
    EXPECT_GT(count, 0U) << name;
  }
  // Every input to every target, whole and cut: a target must hold for bytes that were meant for another.
  for (const auto& bytes : everything) {
    for (const auto& [name, target] : targets) {
      target(bytes);
      for (std::size_t part = 1; part < 8; ++part) target(std::string_view(bytes).substr(0, bytes.size() * part / 8));
    }
  }
}

}  // namespace
}  // namespace belay::package
