#include "cli/scan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cli/client.hpp"
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
    folders.push_back(self.parent_path() / "libexec");  // a build directory
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
  if (const auto error = document.find("error"); error != document.end()) {
    return fail(kind_named(text_at(*error, "kind")), text_at(*error, "what"), text_at(*error, "next"));
  }
  std::vector<ScannedKey> keys;
  for (const Json& item : list_at(document, "keys")) {
    keys.push_back({text_at(item, "type"), text_at(item, "key"), text_at(item, "fingerprint")});
  }
  if (keys.empty()) {
    return fail(Kind::unreachable, "the host showed no key", "Is it an SSH server that listens there?");
  }
  std::ranges::sort(keys, {}, [](const ScannedKey& key) {
    const int rank = key.type == "ssh-ed25519" ? 0 : key.type.starts_with("ecdsa") ? 1 : 2;
    return std::pair(rank, key.type);
  });
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
  return read_scan(result.out);
}

}  // namespace belay::cli
