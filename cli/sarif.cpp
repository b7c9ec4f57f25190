#include "cli/sarif.hpp"

#include <algorithm>
#include <set>

#include "cli/client.hpp"
#include "cli/version.hpp"

namespace belay::cli {
namespace {

// A URI reference: every part of the path encoded, the slashes kept.
std::string uri_of(const std::string& path) {
  std::string out;
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = path.find('/', begin);
    out += part(path.substr(begin, end == std::string::npos ? end : end - begin));
    if (end == std::string::npos) return out;
    out += '/';
    begin = end + 1;
  }
}

Json location(const Place& place) {
  Json physical{{"artifactLocation", {{"uri", uri_of(place.file)}}}};
  if (place.line > 0) physical["region"] = {{"startLine", place.line}, {"startColumn", std::max(place.column, 1)}};
  return {{"physicalLocation", physical}};
}

}  // namespace

Json sarif(const Findings& findings) {
  Json rules = Json::array();
  std::set<std::string> seen;
  Json results = Json::array();
  for (const Finding& finding : findings) {
    if (seen.insert(finding.rule).second) rules.push_back({{"id", finding.rule}});
    Json result{
        {"ruleId", finding.rule},
        {"level", to_string(finding.level)},
        {"message", {{"text", finding.next.empty() ? finding.message : finding.message + ". " + finding.next}}}};
    if (!finding.place.file.empty()) result["locations"] = Json::array({location(finding.place)});
    results.push_back(std::move(result));
  }
  const Json driver{{"name", "belay lint"}, {"semanticVersion", version()}, {"rules", rules}};
  return {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       Json::array({Json{{"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", results}}})}};
}

Json findings_json(const Findings& findings) {
  Json out = Json::array();
  for (const Finding& finding : findings) {
    out.push_back(
        {{"level", to_string(finding.level)},
         {"rule", finding.rule},
         {"message", finding.message},
         {"next", finding.next},
         {"place", {{"file", finding.place.file}, {"line", finding.place.line}, {"column", finding.place.column}}}});
  }
  return out;
}

}  // namespace belay::cli
