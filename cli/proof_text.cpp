#include "cli/proof_text.hpp"

#include <fmt/format.h>

#include "cli/table.hpp"

namespace belay::cli {
namespace {

// A difference is a sentence, or {path, what}.
std::string difference(const Json& item) {
  if (item.is_string()) return safe(item.get<std::string>());
  return fmt::format("{}: {}", text_at(item, "path"), text_at(item, "what"));
}

std::string verdict_word(bool good, const Paint& paint, std::string_view yes, std::string_view no) {
  return good ? paint(Colour::green, yes) : paint(Colour::red, no);
}

const Json& object_at(const Json& document, const char* name) {
  static const Json none = Json::object();
  const auto found = document.find(name);
  return found != document.end() && found->is_object() ? *found : none;
}

}  // namespace

std::string proof_text(const Json& proof, const Paint& paint) {
  std::string out = fmt::format("{}  {} in {}\n", verdict_word(flag_at(proof, "proven"), paint, "PROVEN", "NOT PROVEN"),
                                text_at(proof, "application"), text_at(proof, "environment"));
  out += pairs({{"run", text_at(proof, "run")},
                {"of", text_at(proof, "of")},
                {"release", text_at(proof, "release")},
                {"package", text_at(proof, "package")}},
               paint);
  if (const Json& uat = object_at(proof, "uat"); !uat.empty()) {
    out += pairs(
        {{"UAT baseline", fmt::format("{} {}, package {}, rehearsed in {} by run {}", text_at(proof, "application"),
                                      text_at(uat, "version"), text_at(uat, "package").substr(0, 12),
                                      text_at(uat, "environment"), text_at(uat, "run"))},
         {"stands here", fmt::format("{} (content {})", flag_at(uat, "matches") ? "that" : "NOT that",
                                     text_at(uat, "portable").substr(0, 12))}},
        paint);
  }
  for (const Json& host : list_at(proof, "hosts")) {
    out += fmt::format("\n{}  {}\n", paint(Colour::bold, text_at(host, "name")),
                       verdict_word(flag_at(host, "proven"), paint, "proven", "NOT proven"));
    for (const Json& step : list_at(host, "steps")) {
      out += fmt::format("  {:>2} {}  before {}  now {}  {}\n", number_at(step, "step"), text_at(step, "name"),
                         text_at(step, "before").substr(0, 12), text_at(step, "after").substr(0, 12),
                         verdict_word(flag_at(step, "equal"), paint, "equal", "DIFFERENT"));
      for (const Json& item : list_at(step, "differences")) out += "       " + difference(item) + '\n';
    }
  }
  return out;
}

std::string diff_text(const Json& diff, const Paint& paint) {
  const std::string other = text_at(diff, "against");
  const std::string against =
      other.empty() ? "its baseline" : other + ", by the baselines (their hosts were not looked at)";
  const bool same = flag_at(diff, "same");
  std::string out = fmt::format("{} in {}: {} {}\n", text_at(diff, "application"), text_at(diff, "environment"),
                                verdict_word(same, paint, "the same as", "DIFFERENT from"), against);
  for (const Json& host : list_at(diff, "hosts")) {
    const Json& differences = list_at(host, "differences");
    out += fmt::format("\n{}  {}\n", paint(Colour::bold, text_at(host, "name")),
                       differences.empty() ? "the same" : count_of(differences.size(), "difference", "differences"));
    for (const Json& item : differences) out += "  " + difference(item) + '\n';
  }
  for (const Json& item : list_at(diff, "differences")) {
    if (item.is_string()) out += "  " + safe(item.get<std::string>()) + '\n';
  }
  for (const Json& problem : list_at(diff, "problems")) {
    out += paint(Colour::red, problem.is_string()
                                  ? safe(problem.get<std::string>())
                                  : fmt::format("{}. {}", text_at(problem, "what"), text_at(problem, "next"))) +
           '\n';
  }
  return out;
}

std::string check_text(const Json& check, const Paint& paint) {
  Table table({"HOST", "ADDRESS", "OK", "CLASS", "SYSTEM", "FREE"});
  std::string problems;
  for (const Json& host : list_at(check, "hosts")) {
    const Json& facts = object_at(host, "facts");
    const std::string free = text_at(facts, "free_kib");
    std::uint64_t kib = 0;
    for (const char c : free) kib = c >= '0' && c <= '9' ? kib * 10 + static_cast<std::uint64_t>(c - '0') : kib;
    const std::string name = text_at(host, "name");
    table.row({name, text_at(host, "address"), flag_at(host, "ok") ? "yes" : "NO", text_at(host, "class"),
               text_at(facts, "os") + ' ' + text_at(facts, "os_version"), free.empty() ? "-" : bytes_of(kib * 1024)});
    if (const std::string why = text_at(host, "class_why"); !why.empty()) {
      problems += fmt::format("{}: class {}: {}\n", name, text_at(host, "class"), why);
    }
    for (const Json& problem : list_at(host, "problems")) {
      problems +=
          fmt::format("{}: {}. {}\n", paint(Colour::red, name), text_at(problem, "what"), text_at(problem, "next"));
    }
  }
  return table.text(paint) + (problems.empty() ? "" : "\n" + problems);
}

std::string guard_text(const Json& guard) {
  const std::string name = text_at(guard, "name");
  const std::string way = text_at(guard, "guard");
  std::string out = name + ": no boot hook\n";
  if (way == "systemd") out = name + ": the boot hook stands, as a unit of systemd\n";
  if (way == "cron") out = name + ": the boot hook stands, as a line of the account's crontab\n";
  return out + fmt::format("{}: class {}: {}\n", name, text_at(guard, "class"), text_at(guard, "class_why"));
}

}  // namespace belay::cli
