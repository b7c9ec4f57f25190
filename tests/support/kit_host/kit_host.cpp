#include "tests/support/kit_host/kit_host.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "daemon/base/digest.hpp"
#include "tests/support/kit_host/tar.hpp"

namespace belay::test {
namespace fs = std::filesystem;
namespace {

constexpr const char* nonce = "n0nce";
constexpr const char* system_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fs::path temporary_directory() {
  std::string pattern = (fs::temp_directory_path() / "belay-kit-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  return pattern;
}

// Directory with the tools of one shell. BusyBox gets its applets and nothing else.
std::string tools_of(Shell shell, const fs::path& root) {
  const fs::path tools = root / "tools";
  fs::create_directories(tools);
  const fs::path fake = root / "fake";
  fs::create_directories(fake);
  if (shell != Shell::busybox) {
    fs::create_symlink(fmt::format("/usr/bin/{}", name_of(shell)), tools / "sh");
    return fmt::format("{}:{}:{}", fake.string(), tools.string(), system_path);
  }
  std::istringstream names(run({"/usr/bin/busybox", "--list"}, {}).out);
  for (std::string applet; std::getline(names, applet);) {
    if (applet.find('/') == std::string::npos) fs::create_symlink("/usr/bin/busybox", tools / applet);
  }
  if (!fs::exists(tools / "sh")) throw std::runtime_error("/usr/bin/busybox has no sh: install busybox");
  if (!fs::exists(tools / "flock")) fs::create_symlink("/usr/bin/flock", tools / "flock");
  return fmt::format("{}:{}", fake.string(), tools.string());
}

void add_params(std::map<std::string, std::string>& files, const std::string& prefix, const Params& params) {
  for (const auto& [name, value] : params) files[prefix + name] = value;
}

void add_step(std::map<std::string, std::string>& files, int ordinal, const Step& step) {
  const std::string prefix = fmt::format("step/{}/", ordinal);
  files[prefix + "action"] = step.action + "\n";
  add_params(files, prefix + "p/", step.params);
  std::string touches;
  for (std::size_t i = 0; i < step.touches.size(); ++i) {
    touches += fmt::format("{} {}\n", i, step.touches[i].resource);
    add_params(files, fmt::format("{}r/{}/", prefix, i), step.touches[i].params);
  }
  files[prefix + "touches"] = touches;
}

}  // namespace

const char* name_of(Shell shell) {
  switch (shell) {
    case Shell::dash:
      return "dash";
    case Shell::bash:
      return "bash";
    case Shell::busybox:
      return "busybox";
  }
  return "?";
}

std::string Reply::get(const std::string& name) const {
  const auto found = sections.find(name);
  return found == sections.end() ? "(no section)" : found->second;
}

std::string Reply::text() const {
  std::string all = fmt::format("end {}", end ? std::to_string(*end) : "unknown");
  if (!trouble.empty()) all += " trouble: " + trouble;
  for (const auto& [name, bytes] : sections) all += fmt::format("\n--- {}\n{}", name, bytes);
  return all;
}

Reply parse_reply(const std::string& bytes, const std::string& expected_nonce) {
  Reply reply;
  const std::string begin = fmt::format("\001belay {} begin\n", expected_nonce);
  const std::string end = fmt::format("\001belay {} end ", expected_nonce);
  const std::size_t start = bytes.find(begin);
  reply.banner = bytes.substr(0, start);
  if (start == std::string::npos) {
    reply.trouble = "no begin line";
    return reply;
  }
  std::size_t at = start + begin.size();
  while (at < bytes.size()) {
    const std::size_t newline = bytes.find('\n', at);
    if (newline == std::string::npos || bytes[at] != '\001') break;
    const std::string line = bytes.substr(at, newline - at);
    if (line.starts_with(end)) {
      reply.end = std::atoi(line.c_str() + end.size());
      return reply;
    }
    const std::size_t space = line.find(' ');
    std::size_t size = 0;
    if (space == std::string::npos ||
        std::from_chars(line.data() + space + 1, line.data() + line.size(), size).ptr != line.data() + line.size()) {
      reply.trouble = "not a section: " + line;
      return reply;
    }
    if (newline + 1 + size + 1 > bytes.size() || bytes[newline + 1 + size] != '\n') {
      reply.trouble = "section cut or longer than it says: " + line;
      return reply;
    }
    reply.sections[line.substr(1, space - 1)] = bytes.substr(newline + 1, size);
    at = newline + 1 + size + 1;
  }
  reply.trouble = "no end line";
  return reply;
}

KitHost::KitHost(Shell shell, const fs::path& plugins) : shell_(shell), root_(temporary_directory()) {
  path_ = tools_of(shell, root_);
  const fs::path source = plugins.empty() ? fs::path(BELAY_SOURCE_DIR) / "plugins" : plugins;
  const fs::path kit = base() / "kit" / kit_;
  fs::create_directories(kit);
  fs::create_directories(live());
  for (const char* part : {"kit", "action", "resource"}) {
    fs::copy(source / part, kit / part, fs::copy_options::recursive);
  }
  write_file(base() / "host.lock", "");
  leash("fence 1");
}

KitHost::~KitHost() {
  // Plain processes that a service step started and nobody stopped.
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(base() / "services", ignored)) {
    std::istringstream words(read_file(entry.path() / "process"));
    std::string boot;
    pid_t pid = 0;
    if (words >> boot >> pid && pid > 1) ::kill(pid, SIGKILL);
  }
  // Dead-men that still watch.
  for (const auto& entry : fs::directory_iterator(base() / "runs", ignored)) {
    std::istringstream words(read_file(entry.path() / "deadman.pid"));
    std::string boot;
    pid_t pid = 0;
    if (words >> boot >> pid && pid > 1 &&
        read_file(fmt::format("/proc/{}/cmdline", pid)).find(base().string()) != std::string::npos)
      ::kill(pid, SIGKILL);
  }
  fs::remove_all(root_, ignored);
  if (fs::exists(root_, ignored)) {
    run({"/usr/bin/chattr", "-R", "-i", "-a", root_.string()}, {"PATH=" + std::string(system_path)});
    run({"/bin/chmod", "-R", "u+rwx", root_.string()}, {"PATH=" + std::string(system_path)});
    fs::remove_all(root_, ignored);
  }
}

fs::path KitHost::step_dir(int step) const { return base() / "runs" / run_ / std::to_string(step); }

void KitHost::without_sync() { fs::create_symlink("/bin/true", fake_tools() / "sync"); }

std::vector<std::string> KitHost::environment() const { return {"PATH=" + path_, "LC_ALL=C"}; }

std::unique_ptr<Process> KitHost::start(const std::string& line) {
  const fs::path leash = base() / "kit" / kit_ / "kit/leash.sh";
  auto process = std::make_unique<Process>(
      std::vector<std::string>{(root_ / "tools/sh").string(), leash.string(), nonce, base().string(), kit_},
      environment(), root_.string());
  process->send(line + "\n");
  return process;
}

Reply KitHost::leash(const std::string& line, const std::string& input) {
  return parse_reply(start(line)->finish(input).out, nonce);
}

std::string KitHost::blob(const std::string& bytes) {
  const std::string digest = sha256(bytes).hex();
  blobs_["blobs/" + digest] = bytes;
  return digest;
}

Reply KitHost::stage(const std::map<int, Step>& steps, int epoch) {
  std::map<std::string, std::string> files = std::move(blobs_);
  blobs_.clear();
  for (const auto& [ordinal, step] : steps) add_step(files, ordinal, step);
  return leash(fmt::format("stage {} {}", run_, epoch), tar_of(files));
}

std::string KitHost::as_step_zero(const Step& step) {
  std::map<std::string, std::string> files;
  add_step(files, 0, step);
  return tar_of(files);
}

Reply KitHost::do_step(const std::string& verb, int step, const std::string& rest) {
  return leash(fmt::format("{} {} {}{}{}", verb, run_, step, rest.empty() ? "" : " ", rest));
}

Finished KitHost::script(const std::string& path_in_kit, int step, const Params& extra) {
  const fs::path kit = base() / "kit" / kit_;
  const fs::path dir = step_dir(step);
  const fs::path work = dir / "work";
  fs::remove_all(work);
  fs::create_directories(work);
  std::vector<std::string> variables = environment();
  variables.push_back("BELAY_BASE=" + base().string());
  variables.push_back("BELAY_KIT=" + kit.string());
  variables.push_back("BELAY_STEP=" + dir.string());
  variables.push_back("BELAY_BLOBS=" + (base() / "blobs").string());
  variables.push_back("BELAY_PARAMS=" + (dir / "r/0").string());
  variables.push_back("BELAY_SNAP=" + (dir / "snap/0").string());
  for (const auto& [name, value] : extra) variables.push_back(name + "=" + value);
  return run({(root_ / "tools/sh").string(), (kit / path_in_kit).string()}, std::move(variables), "", work.string());
}

void write_file(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string read_file(const fs::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

}  // namespace belay::test
