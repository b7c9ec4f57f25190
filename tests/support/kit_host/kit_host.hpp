// A host without a network: a base directory with the kit in it, on which tests run the leash directly, under a shell
// of their choice. What it answers is parsed as strictly as the protocol of plugins/kit/README.md allows.
//
// Everything lives in one temporary directory that is removed at the end, immutable files and running services
// included. One object is for one thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/kit_host/process.hpp"

namespace belay::test {

// busybox means: BusyBox sh, and BusyBox applets as the only tools (plus flock, which Debian's BusyBox lacks).
enum class Shell { dash, bash, busybox };
inline constexpr Shell all_shells[] = {Shell::dash, Shell::bash, Shell::busybox};
[[nodiscard]] const char* name_of(Shell shell);

struct Reply {
  std::string banner;                           // what came before the frame
  std::map<std::string, std::string> sections;  // name → bytes
  std::optional<int> end;                       // nothing: the outcome is unknown
  std::string trouble;                          // why the frame could not be read, if so

  // The section, or "(no section)": never throws, so that a failed expectation shows what came.
  [[nodiscard]] std::string get(const std::string& name) const;
  // Everything, for a failed expectation.
  [[nodiscard]] std::string text() const;
};

// Parameters in the host's form: p/ and r/ file names → raw bytes.
using Params = std::map<std::string, std::string>;

struct Touch {
  std::string resource;
  Params params;
};

struct Step {
  std::string action;
  Params params;
  std::vector<Touch> touches;
};

class KitHost {
 public:
  // `plugins` holds kit/, action/, resource/; empty means those of the source tree.
  explicit KitHost(Shell shell, const std::filesystem::path& plugins = {});
  ~KitHost();
  KitHost(const KitHost&) = delete;
  KitHost& operator=(const KitHost&) = delete;

  [[nodiscard]] Shell shell() const { return shell_; }
  [[nodiscard]] std::filesystem::path root() const { return root_; }           // the temporary directory
  [[nodiscard]] std::filesystem::path base() const { return root_ / "base"; }  // B of the contract
  [[nodiscard]] std::filesystem::path live() const { return root_ / "live"; }  // where tests let steps work
  [[nodiscard]] std::filesystem::path step_dir(int step) const;
  [[nodiscard]] std::string run_id() const { return run_; }
  [[nodiscard]] std::string path_variable() const { return path_; }
  // PATH is searched here first: a place for fake tools.
  [[nodiscard]] std::filesystem::path fake_tools() const { return root_ / "fake"; }

  // sync becomes a no-op: for tests that ask what is in files, not what is on the disk when. Disks are slow.
  void without_sync();

  // One exchange with the leash: the verb line, then `input`.
  Reply leash(const std::string& line, const std::string& input = "");
  // The same, not waited for.
  [[nodiscard]] std::unique_ptr<Process> start(const std::string& line);

  // Puts bytes into the store with the next stage; the digest.
  std::string blob(const std::string& bytes);
  // Sends steps (ordinal → step) and pending blobs with the verb stage.
  Reply stage(const std::map<int, Step>& steps, int epoch = 1);
  // The tar stream of a single step 0, for plan and scan.
  [[nodiscard]] static std::string as_step_zero(const Step& step);

  // Verb with run and step filled in: do_step("apply", 3, "1 60") sends "apply RUN 3 1 60".
  Reply do_step(const std::string& verb, int step, const std::string& rest = "");

  // Runs one script of the kit directly, in the step's surroundings, as the runner would.
  Finished script(const std::string& path_in_kit, int step, const Params& environment = {});

 private:
  [[nodiscard]] std::vector<std::string> environment() const;

  Shell shell_;
  std::filesystem::path root_;
  std::string run_ = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  std::string kit_ = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  std::string path_;
  std::map<std::string, std::string> blobs_;
};

// Splits what the leash wrote into banner, sections and end.
[[nodiscard]] Reply parse_reply(const std::string& bytes, const std::string& nonce);

void write_file(const std::filesystem::path& path, const std::string& bytes);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace belay::test
