#include "tests/unit/kit/watched.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <sstream>
#include <stdexcept>

#include "tests/support/kit_host/patience.hpp"
#include "tests/unit/kit/steps.hpp"

namespace belay::test {
namespace {

namespace fs = std::filesystem;

std::string boot_id() {
  std::string id = read_file("/proc/sys/kernel/random/boot_id");
  return id.substr(0, id.find('\n'));
}

fs::path kit_of(const KitHost& host) { return fs::directory_iterator(host.base() / "kit")->path(); }

// The fields of /proc/PID/stat after the command's name: state, parent, …
std::vector<std::string> stat_of(const fs::path& process) {
  const std::string text = read_file(process / "stat");
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return {};
  std::istringstream words(text.substr(name_end + 2));
  std::vector<std::string> fields;
  for (std::string word; words >> word;) fields.push_back(word);
  return fields;
}

std::vector<fs::path> all_processes() {
  std::vector<fs::path> found;
  std::error_code ended;
  for (const auto& item : fs::directory_iterator("/proc", ended)) {
    if (item.path().filename().string().find_first_not_of("0123456789") == std::string::npos)
      found.push_back(item.path());
  }
  return found;
}

std::vector<std::string> environment_of(const KitHost& host) { return {"PATH=" + host.path_variable(), "LC_ALL=C"}; }

}  // namespace

std::vector<pid_t> processes_of(const KitHost& host, const std::string& script) {
  std::vector<pid_t> found;
  for (const fs::path& process : all_processes()) {
    const std::string line = read_file(process / "cmdline");
    if (line.find(host.base().string()) != std::string::npos && line.find(script) != std::string::npos)
      found.push_back(std::stoi(process.filename().string()));
  }
  return found;
}

void change_kit(const KitHost& host, const std::string& script, const std::string& from, const std::string& to) {
  const fs::path path = kit_of(host) / "kit" / script;
  std::string text = read_file(path);
  const std::size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos)
    throw std::runtime_error(fmt::format("{} does not hold exactly one \"{}\"", script, from));
  write_file(path, text.replace(at, from.size(), to));
}

long uptime() { return std::stol(read_file("/proc/uptime")); }

Watched::Watched(KitHost& host, int steps, bool sync) : host_(host) {
  if (!sync && !fs::exists(host_.fake_tools() / "sync")) host_.without_sync();
  std::map<int, Step> all;
  for (int n = 1; n <= steps; ++n) {
    write_file(file(n), "old\n");
    all[n] = {
        "command", words("run", {"sh", "-c", "echo new >\"$1\"", "sh", file(n)}), {{"path", {{"path", file(n)}}}}};
  }
  must_end(host_.stage(all), 0, "stage");
}

Watched::~Watched() { let_go(); }

bool Watched::must(bool so, const std::string& sentence) {
  if (!so) complaints_ += sentence + "\n";
  return so;
}

bool Watched::must_end(const Reply& reply, int status, const std::string& what) {
  return must(reply.end == status, fmt::format("{} should have ended with {}: {}", what, status, reply.text()));
}

bool Watched::must_come(const std::function<bool()>& condition, const std::string& sentence) {
  return must(came_true(condition), "did not come: " + sentence);
}

bool Watched::armed(int step, int seconds) {
  return must_end(host_.do_step("snap", step, "1"), 0, "snap") && must_end(arm(step, seconds), 0, "arm");
}

bool Watched::applied(int step, int seconds) {
  return armed(step, seconds) && must_end(host_.do_step("apply", step, "1 60"), 0, "apply") &&
         must(content(step) == "new\n", "the step did nothing");
}

Reply Watched::arm(int step, int seconds, int epoch) {
  return host_.do_step("arm", step, fmt::format("{} {}", epoch, seconds));
}

Reply Watched::renew(int epoch, int seconds) {
  return host_.leash(fmt::format("renew {} {} {}", host_.run_id(), epoch, seconds));
}

void Watched::expire() {
  write_file(run_dir() / "deadline", fmt::format("{} 1 1\n", boot_id()));
  const std::string parent = std::to_string(dead_man());
  for (const fs::path& process : all_processes()) {
    const std::vector<std::string> fields = stat_of(process);
    if (fields.size() > 2 && fields[1] == parent && read_file(process / "comm") == "sleep\n")
      ::kill(std::stoi(process.filename().string()), SIGKILL);
  }
}

void Watched::reboot() {
  for (const pid_t pid : processes_of(host_, "deadman.sh")) ::kill(pid, SIGKILL);
  must_come([&] { return processes_of(host_, "deadman.sh").empty(); }, "the end of the dead-man");
  write_file(run_dir() / "deadline", "another-boot 4000000000 1\n");
  write_file(run_dir() / "deadman.pid", "another-boot 1 1\n");
}

std::unique_ptr<Process> Watched::start_boot() {
  return std::make_unique<Process>(
      std::vector<std::string>{(host_.root() / "tools/sh").string(), (kit_of(host_) / "kit/boot.sh").string(),
                               host_.base().string()},
      environment_of(host_));
}

Finished Watched::boot() { return start_boot()->finish(); }

int Watched::run_op(const std::string& op, int step) {
  std::vector<std::string> variables = environment_of(host_);
  variables.push_back("BELAY_BASE=" + host_.base().string());
  variables.push_back("BELAY_KIT=" + kit_of(host_).string());
  variables.push_back("BELAY_STEP=" + host_.step_dir(step).string());
  variables.push_back("BELAY_BLOBS=" + (host_.base() / "blobs").string());
  return run({"/usr/bin/setsid", "-w", (host_.root() / "tools/sh").string(), (kit_of(host_) / "kit/runner.sh").string(),
              "1", op, "0"},
             std::move(variables))
      .status;
}

void Watched::block_restores() {
  const std::string mark = (host_.root() / "mark").string();
  write_file(host_.fake_tools() / "tar",
             fmt::format("#!/bin/sh\n: >\"{0}.in\"\nuntil [ -e \"{0}.go\" ]; do sleep 0.02; "
                         "done\nPATH=${{PATH#*:}}\nexec tar \"$@\"\n",
                         mark));
  fs::permissions(host_.fake_tools() / "tar", fs::perms::owner_all);
}

void Watched::let_go() { write_file(host_.root() / "mark.go", ""); }

bool Watched::in_restore() const { return fs::exists(host_.root() / "mark.in"); }

std::string Watched::token(int step) const {
  std::string all;
  for (const char* name : {"armed", "committed", "firing", "restored"}) {
    if (fs::exists(host_.step_dir(step) / name)) all += (all.empty() ? "" : "+") + std::string(name);
  }
  return all.empty() ? "none" : all;
}

long Watched::limit() const {
  std::istringstream words_of(deadline());
  std::string boot;
  long limit = 0;
  return words_of >> boot >> limit ? limit : 0;
}

pid_t Watched::dead_man() const {
  std::istringstream words_of(read_file(run_dir() / "deadman.pid"));
  std::string boot;
  pid_t pid = 0;
  std::string start;
  if (!(words_of >> boot >> pid >> start) || boot != boot_id()) return 0;
  const std::vector<std::string> fields = stat_of(fs::path("/proc") / std::to_string(pid));
  return fields.size() > 19 && fields[0] != "Z" && fields[19] == start ? pid : 0;
}

bool Watched::must_go_back(int step) {
  must_come([&] { return token(step) == "restored"; }, fmt::format("step {} restored", step));
  return must(token(step) == "restored", "the token is " + token(step) + "\n" + read_file(run_dir() / "deadman.log") +
                                             in_step(step, "undo.out")) &&
         must(content(step) == "old\n", "the file is not as it was: " + content(step)) &&
         must(in_step(step, "deadman.proof") == "equal\n", "the proof is \"" + in_step(step, "deadman.proof") + "\"");
}

}  // namespace belay::test
