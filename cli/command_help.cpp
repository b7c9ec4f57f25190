// help and completion: the definitions themselves, in other forms.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/command.hpp"
#include "cli/man.hpp"
#include "cli/text.hpp"

namespace belay::cli {
namespace {

struct Options {
  std::string verb;
  std::string folder;
  std::string shell = "bash";
};

void help(Cli& cli, const CLI::App& root, const Options& options) {
  if (!options.folder.empty()) {
    for (const auto& [name, text] : man_pages(root)) {
      std::ofstream out(std::filesystem::path(options.folder) / name, std::ios::binary);
      if (!(out << text << std::flush)) {
        return cli.failed(Error{Kind::io,
                                fmt::format("cannot write {} in '{}'", name, options.folder),
                                "Is it a directory you may write in?",
                                {}});
      }
    }
    return;
  }
  if (options.verb.empty()) {
    cli.io.out << root.help() << std::flush;
    return;
  }
  const auto found = root.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == options.verb; });
  if (found.empty()) {
    cli.say(fmt::format("there is no verb '{}'. See `belay --help`.", options.verb));
    cli.code = exit_usage;
    return;
  }
  cli.io.out << found.front()->help("belay " + options.verb) << std::flush;
}

}  // namespace

void add_help_verbs(CLI::App& app, Cli& cli) {
  const CLI::App* root = &app;
  {
    auto options = std::make_shared<Options>();
    CLI::App* help_verb = app.add_subcommand("help", "Show the help of a verb");
    help_verb->footer("Example:\n  belay help deploy");
    help_verb->add_option("verb", options->verb, "The verb")->type_name("VERB");
    help_verb->add_option("--man", options->folder, "Write the man pages into this directory instead")
        ->type_name("DIR");
    help_verb->callback([&cli, root, options] { help(cli, *root, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* completion = app.add_subcommand("completion", "Print completion for a shell");
    completion->footer("Example:\n  belay completion bash > /usr/share/bash-completion/completions/belay");
    completion->add_option("shell", options->shell, "The shell")
        ->check(CLI::IsMember({"bash"}))
        ->required()
        ->type_name("bash");
    completion->callback([&cli, root, options] { cli.io.out << bash_completion(*root) << std::flush; });
  }
}

}  // namespace belay::cli
