// What a proof is worth: for any tree and any damage to it, the differences name exactly the paths that were damaged.
//
// A manifest is made from a small imagined tree as plugins/resource/path would print it; steps capture parts of it in
// any order and overlap. Failures print the seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "daemon/model/manifest.hpp"

namespace belay {
namespace {

struct Node {
  char type = 'f';  // f or d
  int mode = 0644;
  int time = 0;
  int content = 0;
  bool operator==(const Node&) const = default;
};
using Tree = std::map<std::string, Node>;  // without "/"

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  std::mt19937_64 random_;
};

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Paths of three letters and up to three levels, so that everything meets everything.
std::string any_path(Chance& chance) {
  std::string out;
  for (std::size_t depth = 1 + chance.below(3); depth > 0; --depth)
    out += fmt::format("/{}", static_cast<char>('a' + chance.below(3)));
  return out;
}

void put(Tree& tree, const std::string& path, Node node) {
  for (std::string up = parent(path); !up.empty(); up = parent(up)) {
    auto [at, fresh] = tree.try_emplace(up, Node{.type = 'd', .mode = 0755});
    if (at->second.type != 'd') at->second = Node{.type = 'd', .mode = 0755};
  }
  if (node.type == 'f') std::erase_if(tree, [&](const auto& entry) { return entry.first.starts_with(path + "/"); });
  tree[path] = node;
}

void remove(Tree& tree, const std::string& path) {
  std::erase_if(tree, [&](const auto& entry) { return entry.first == path || entry.first.starts_with(path + "/"); });
}

Tree any_tree(Chance& chance) {
  Tree out;
  for (std::size_t i = chance.below(8); i > 0; --i)
    put(out, any_path(chance),
        {.type = chance.below(3) == 0 ? 'd' : 'f',
         .mode = 0644,
         .time = static_cast<int>(chance.below(3)),
         .content = 1});
  return out;
}

// As plugins/resource/path/manifest.sh prints it.
std::string manifest_of(const Tree& tree, int index, const std::string& key) {
  std::string out = fmt::format("# {} path {}\n", index, key);
  if (!tree.contains(key)) {
    std::set<std::string> missing;
    for (std::string up = key; !up.empty() && !tree.contains(up); up = parent(up)) missing.insert(up);
    for (const std::string& path : missing) out += fmt::format("- - - - - - - - - {} -\n", path);
    return out;
  }
  for (const auto& [path, node] : tree)
    if (path == key || path.starts_with(key + "/"))
      out += node.type == 'd'
                 ? fmt::format("d {:04o} 0 0 - {} - - - {} -\n", node.mode, node.time, path)
                 : fmt::format("f {:04o} 0 0 1 {} {} - - {} -\n", node.mode, node.time, node.content, path);
  return out;
}

Manifest parsed(const std::string& text) {
  auto out = parse_manifest(text);
  if (!out) throw std::runtime_error(out.error().text() + "\n" + text);
  return *out;
}

// Paths at which the scopes of a step see the trees differ; below, at, or a missing ancestor of a key.
std::set<std::string> damage(const Tree& before, const Tree& now, const std::string& key) {
  std::set<std::string> out;
  for (const Tree* tree : {&before, &now})
    for (const auto& [path, node] : *tree) {
      const bool in_scope = path == key || path.starts_with(key + "/");
      const auto was = before.find(path);
      const auto is = now.find(path);
      const bool there_differs = (was == before.end()) != (is == now.end());
      const bool differs = there_differs || (was != before.end() && was->second != is->second);
      if (in_scope ? differs
                   : there_differs && key.starts_with(path + "/") && (!before.contains(key) || !now.contains(key)))
        out.insert(path);
    }
  return out;
}

TEST(Differences, NameExactlyWhatWasDamaged) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Chance chance(seed);
    const Tree before = any_tree(chance);
    Tree now = before;
    for (std::size_t i = chance.below(4); i > 0; --i) {
      const std::string path = any_path(chance);
      switch (chance.below(4)) {
        case 0:
          remove(now, path);
          break;
        case 1:
          put(now, path, {.content = 2});
          break;
        case 2:
          put(now, path, {.type = 'd', .mode = 0700});
          break;
        default:
          if (now.contains(path)) now[path].mode = 0600;
      }
    }
    const std::string key = any_path(chance);
    std::set<std::string> named;
    for (const Difference& one : differences(1, parsed(manifest_of(before, 0, key)), parsed(manifest_of(now, 0, key))))
      named.insert(one.path);
    ASSERT_EQ(named, damage(before, now, key)) << "seed " << seed << " key " << key << "\n"
                                               << manifest_of(before, 0, key) << manifest_of(now, 0, key);
  }
}

// False when something above `path` is a file: no step could write there.
bool can_be_made(const Tree& tree, const std::string& path) {
  for (std::string up = parent(path); !up.empty(); up = parent(up))
    if (const auto at = tree.find(up); at != tree.end() && at->second.type == 'f') return false;
  return true;
}

// `start` as it stands after every key was put back, the last one first: each moved the time of the directory above it,
// and set those below itself right again.
Tree put_back(const Tree& start, const std::vector<std::string>& keys) {
  Tree out = start;
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    for (auto& [path, node] : out)
      if (path == *key || path.starts_with(*key + "/")) node.time = start.at(path).time;
    if (const auto above = out.find(parent(*key)); above != out.end()) above->second.time += 7;
  }
  return out;
}

// Steps change what their keys cover, one after another; the way back restores every key in reverse. A full way back
// has no difference, and one damaged path in any scope always has one.
TEST(Differences, AFullWayBackHasNoneAndADamagedOneHas) {
  int damaged = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Chance chance(seed);
    const Tree start = any_tree(chance);
    Tree tree = start;
    std::vector<std::string> keys;
    std::vector<StepStates> states;
    for (std::size_t i = 1 + chance.below(4); i > 0; --i) {
      const std::string key = any_path(chance);
      if (!can_be_made(tree, key)) continue;
      keys.push_back(key);
      states.push_back({static_cast<int>(keys.size()), parsed(manifest_of(tree, 0, key)), {}});
      if (chance.below(3) == 0)
        remove(tree, key);
      else
        put(tree, chance.below(2) == 0 ? key : key + "/x", {.content = 3});
    }
    if (keys.empty()) continue;
    const Tree back = put_back(start, keys);
    for (StepStates& state : states)
      state.now = parsed(manifest_of(back, 0, keys[static_cast<std::size_t>(state.step) - 1]));
    const auto none = differences(states);
    ASSERT_TRUE(none.empty()) << "seed " << seed << ": step " << none[0].step << " " << none[0].path << " "
                              << none[0].what;
    Tree bad = start;
    const std::string& hit = keys[chance.below(keys.size())];
    if (chance.below(2) == 0)
      put(bad, hit, {.content = 9});
    else
      remove(bad, hit);
    if (bad == start) continue;
    ++damaged;
    for (StepStates& state : states)
      state.now = parsed(manifest_of(bad, 0, keys[static_cast<std::size_t>(state.step) - 1]));
    ASSERT_FALSE(differences(states).empty()) << "seed " << seed << " hit " << hit;
  }
  EXPECT_GT(damaged, 10'000);
}

}  // namespace
}  // namespace belay
