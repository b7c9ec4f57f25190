#include "cli/scan.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "cli/text.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/package/tool.hpp"

namespace belay::cli {
namespace {

constexpr auto deadline = std::chrono::seconds(30);

}  // namespace

std::string transport_program(const Io& io) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders;
  if (const auto told = io.env("BELAY_LIBEXEC"); told && !told->empty()) folders.emplace_back(*told);
  std::error_code ec;
  const fs::path self = fs::read_symlink("/proc/self/exe", ec).parent_path();
  if (!ec) {
    folders.push_back(self);
    folders.push_back(self.parent_path() / "libexec" / "belay");
    folders.push_back(self.parent_path() / "plugins" / "transport" / "ssh");  // a build directory
  }
  for (const fs::path& folder : folders) {
    const fs::path program = folder / "belay-ssh";
    if (fs::is_regular_file(program, ec)) return program.native();
  }
  return {};
}

Result<std::vector<ScannedKey>> read_scan(const std::string& output) {
  const Json document = Json::parse(output, nullptr, false);
  if (!document.is_object())
    return fail(Kind::internal, "the scan did not answer in JSON", "Are belay and belay-ssh of one version?");
  std::vector<ScannedKey> keys;
  for (const Json& item : list_at(document, "keys")) {
    ScannedKey key{text_at(item, "type"), text_at(item, "key"), text_at(item, "fingerprint")};
    if (!key.key.starts_with(key.type + ' ')) key.key = key.type + ' ' + key.key;
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return fail(Kind::unreachable, "the host showed no key", "Is it an SSH server that listens there?");
  return keys;
}

Result<std::vector<ScannedKey>> scan_keys(const Io& io, const std::string& address, std::uint16_t port) {
  if (!valid_address(address)) {
    return fail(Kind::invalid, fmt::format("'{}' is no host name and no IP address", address));
  }
  const std::string program = transport_program(io);
  if (program.empty()) {
    return fail(Kind::not_found, "the program belay-ssh is not installed",
                "Install Belay's transports, or name their folder in BELAY_LIBEXEC.");
  }
  package::Tool tool;
  tool.argv = {program, "--scan", address, std::to_string(port)};
  tool.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  tool.deadline = deadline;
  BELAY_TRY(const package::ToolResult result, package::run_tool(tool));
  if (result.status != 0) {
    const std::string why =
        result.err.empty() ? fmt::format("exit {}", result.status) : safe(result.err.substr(0, result.err.find('\n')));
    return fail(Kind::unreachable, fmt::format("no keys from {} port {}: {}", address, port, why),
                "Check the address and the port.");
  }
  return read_scan(result.out);
}

}  // namespace belay::cli
