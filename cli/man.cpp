#include "cli/man.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/version.hpp"

namespace belay::cli {
namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty() && !sub->get_group().empty(); });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app, bool positional) {
  return app.get_options([positional](const CLI::Option* option) {
    return option->get_positional() == positional && !option->get_group().empty();
  });
}

// Text for roff: a dash is a dash, and no line begins a request by accident.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
      out += c;
    }
  }
  return out;
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : full_name(*app.get_parent()) + ' ' + app.get_name();
}

std::string synopsis(const CLI::App& app) {
  std::string out = ".B " + roff(full_name(app)) + '\n';
  for (const CLI::Option* option : options_of(app, true)) {
    out += fmt::format(".I {}\n", roff(option->get_type_name().empty() ? option->get_name() : option->get_type_name()));
  }
  for (const CLI::Option* option : options_of(app, false)) {
    if (option->get_required())
      out += fmt::format(".B {}\n.I {}\n", roff(option->get_name()), roff(option->get_type_name()));
  }
  return out + "[options]\n";
}

std::string option_list(const CLI::App& app) {
  std::string out;
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : options_of(app, positional)) {
      const std::string name = positional ? option->get_type_name() : option->get_name(false, true);
      out += ".TP\n.B " + roff(name);
      if (!positional && option->get_type_size() > 0 && !option->get_type_name().empty())
        out += ' ' + roff(option->get_type_name());
      out += '\n' + roff(option->get_description());
      if (!option->get_default_str().empty()) out += fmt::format(" (otherwise {})", roff(option->get_default_str()));
      out += '\n';
    }
  }
  return out;
}

std::string example(const CLI::App& app) {
  const std::string footer = app.get_footer();
  constexpr std::string_view head = "Example:\n  ";
  if (!footer.starts_with(head)) return {};
  return ".PP\n.nf\n    " + roff(footer.substr(head.size())) + "\n.fi\n";
}

std::string verb_text(const CLI::App& app) {
  return roff(app.get_description()) + ".\n.PP\n" + synopsis(app) + option_list(app) + example(app);
}

std::string head(const std::string& name, const std::string& summary) {
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return fmt::format(
      ".\\\" Made from the command's own definitions; do not edit.\n.TH {} 1 \"\" \"belay {}\" \"Belay\"\n.SH NAME\n{} "
      "\\- {}\n",
      roff(upper), version(), roff(name), roff(summary));
}

constexpr std::string_view exit_status = R"(.SH EXIT STATUS
.TP
.B 0
Applied and verified; or the command did what it was asked.
.TP
.B 1
Another error.
.TP
.B 2
The run failed; every host was rolled back, and that is proven.
.TP
.B 3
The rollback is incomplete or not proven.
.TP
.B 4
Hosts are unreachable.
.TP
.B 5
Refused by policy.
.TP
.B 6
Waiting for approval or for a window.
.TP
.B 64
Wrong usage.
.TP
.B 130
Interrupted while watching; the run goes on.
.PP
.B belay diff
exits with 0 when nothing differs, 1 when something does, 2 in trouble.
)";

constexpr std::string_view environment = R"(.SH ENVIRONMENT
.TP
.B BELAY_SOCKET
The daemon's socket, where \-\-socket does not name it.
.TP
.B NO_COLOR
When set and not empty, nothing is coloured.
)";

std::string top_page(const CLI::App& app) {
  std::string out = head("belay", "takes signed releases to hosts over SSH, and back");
  out +=
      ".SH SYNOPSIS\n.B belay\n.I VERB\n[options]\n.SH DESCRIPTION\n" + roff(app.get_description()) + "\n.SH VERBS\n";
  for (const CLI::App* sub : verbs_of(app)) {
    out += fmt::format(".TP\n.BR belay\\-{} (1)\n{}\n", roff(sub->get_name()), roff(sub->get_description()));
  }
  return out + std::string(exit_status) + std::string(environment);
}

std::string verb_page(const CLI::App& app) {
  std::string out = head("belay-" + app.get_name(), app.get_description());
  const auto subs = verbs_of(app);
  if (subs.empty())
    return out + ".SH SYNOPSIS\n" + synopsis(app) + ".SH DESCRIPTION\n" + verb_text(app) +
           ".SH SEE ALSO\n.BR belay (1)\n";
  out += ".SH SYNOPSIS\n.B " + roff(full_name(app)) + "\n.I VERB\n[options]\n.SH VERBS\n";
  for (const CLI::App* sub : subs) out += ".SS " + roff(sub->get_name()) + '\n' + verb_text(*sub);
  return out + ".SH SEE ALSO\n.BR belay (1)\n";
}

void cases(const CLI::App& app, const std::string& path, std::string& out) {
  std::string words;
  for (const CLI::App* sub : verbs_of(app)) words += sub->get_name() + ' ';
  for (const CLI::Option* option : options_of(app, false)) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + ' ';
    for (const std::string& name : option->get_snames()) words += "-" + name + ' ';
  }
  while (words.ends_with(' ')) words.pop_back();
  out += fmt::format("    '{}') words='{}' ;;\n", path, words);
  for (const CLI::App* sub : verbs_of(app)) cases(*sub, path + ' ' + sub->get_name(), out);
}

// Verbs that have verbs below them: the second word belongs to them.
std::string groups(const CLI::App& app) {
  std::string out;
  for (const CLI::App* sub : verbs_of(app)) {
    if (!verbs_of(*sub).empty()) out += (out.empty() ? "" : "|") + sub->get_name();
  }
  return out;
}

}  // namespace

std::map<std::string, std::string> man_pages(const CLI::App& app) {
  std::map<std::string, std::string> pages{{"belay.1", top_page(app)}};
  for (const CLI::App* sub : verbs_of(app)) pages["belay-" + sub->get_name() + ".1"] = verb_page(*sub);
  return pages;
}

std::string bash_completion(const CLI::App& app) {
  std::string table;
  cases(app, "belay", table);
  return fmt::format(R"(# bash completion for belay, made from the command's own definitions.
_belay() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} path=belay words= word n=0
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in -*) continue ;; esac
    n=$((n + 1))
    if [ $n -eq 1 ]; then path="belay $word"; continue; fi
    case $n:$path in
      2:belay\ @({})) path="$path $word" ;;
    esac
  done
  case $path in
{}  esac
  case $current in
    */*) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
  esac
}}
shopt -s extglob
complete -o default -F _belay belay
)",
                     groups(app), table);
}

}  // namespace belay::cli
