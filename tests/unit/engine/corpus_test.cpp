// What libFuzzer starts from, replayed in every build: the corpus of the engine's readers.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/fuzz/engine/targets.hpp"

namespace {

namespace fs = std::filesystem;

TEST(Corpus, OfTheEnginesReaders) {
  struct Target {
    const char* name;
    void (*run)(std::string_view);
  };
  const fs::path corpus = fs::path(BELAY_SOURCE_DIR) / "tests/fuzz/engine/corpus";
  for (const Target& target : {Target{"host_manifest", fuzz_host_manifest}, Target{"reply", fuzz_reply},
                               Target{"expression", fuzz_expression}}) {
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(corpus / target.name)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string bytes(std::istreambuf_iterator<char>(in), {});
      // Each seed, and each seed cut anywhere.
      for (std::size_t size = 0; size <= bytes.size(); ++size) target.run(std::string_view(bytes).substr(0, size));
      ++files;
    }
    EXPECT_GE(files, 3u) << target.name;
  }
}

}  // namespace
