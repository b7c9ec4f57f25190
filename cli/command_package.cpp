// package init|build|sign|verify|show and lint: everything about packages that needs no daemon.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/package_text.hpp"
#include "cli/plugins.hpp"
#include "cli/sarif.hpp"
#include "cli/text.hpp"
#include "daemon/package/build.hpp"
#include "daemon/package/example.hpp"
#include "daemon/package/lint.hpp"
#include "daemon/package/package.hpp"
#include "daemon/package/signature.hpp"

namespace belay::cli {
namespace {

struct Options {
  std::string path;
  std::string out;
  std::string key;
  std::string signers;
  std::string revoked;
  std::string plugins;
};

void init(Cli& cli, const Options& options) {
  const auto written = package::write_example(options.path);
  if (!written) return cli.failed(written.error());
  if (cli.json()) return cli.print({{"directory", options.path}, {"files", *written}});
  for (const std::string& file : *written)
    cli.io.out << safe((std::filesystem::path(options.path) / file).native()) << '\n';
  cli.io.out << fmt::format(
                    "\nA package to start from. Read its comments, then:\n  belay lint {0}\n  belay package build {0} "
                    "-o example.belay\n",
                    safe(options.path))
             << std::flush;
}

void build(Cli& cli, const Options& options) {
  const auto digest = package::build(options.path, options.out);
  if (!digest) return cli.failed(digest.error());
  if (cli.json()) return cli.print({{"file", options.out}, {"digest", digest->hex()}});
  cli.io.out << fmt::format("{}  {}\n", digest->hex(), safe(options.out)) << std::flush;
}

void sign(Cli& cli, const Options& options) {
  const auto opened = package::Package::open(options.path);
  if (!opened) return cli.failed(opened.error());
  const auto signature = package::sign(options.path, options.key);
  if (!signature) return cli.failed(signature.error());
  if (cli.json())
    return cli.print({{"file", options.path}, {"signature", signature->native()}, {"digest", opened->digest().hex()}});
  cli.io.out << fmt::format("{} signs {}\n", safe(signature->native()), opened->digest().hex()) << std::flush;
}

void verify(Cli& cli, const Options& options) {
  package::VerifyOptions how;
  how.allowed_signers = options.signers;
  if (!options.revoked.empty()) how.revoked = options.revoked;
  how.at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto opened = package::open_signed(options.path, how);
  if (!opened) {
    cli.failed(opened.error());
    cli.code = 1;  // no policy has spoken here: the file is not good, that is all
    return;
  }
  const auto& [package, signer] = *opened;
  if (cli.json()) {
    return cli.print({{"digest", package.digest().hex()},
                      {"application", package.release().application},
                      {"version", package.release().version},
                      {"signer", signer.principal},
                      {"key", signer.fingerprint}});
  }
  cli.io.out << fmt::format("good: {} {}, {}\nsigned by {} with {}\n", safe(package.release().application),
                            safe(package.release().version), package.digest().hex(), safe(signer.principal),
                            safe(signer.fingerprint))
             << std::flush;
}

void show_package(Cli& cli, const Options& options) {
  const auto package = package::Package::open(options.path);
  if (!package) return cli.failed(package.error());
  if (cli.json()) return cli.print(package_json(*package));
  cli.io.out << package_text(*package, Paint{cli.io.colour}) << std::flush;
}

void lint(Cli& cli, const Options& options) {
  const auto catalogue = action_schemas(cli.io, options.plugins);
  if (!catalogue) return cli.failed(catalogue.error());
  const auto findings = package::lint(options.path, *catalogue);
  if (!findings) return cli.failed(findings.error());
  cli.code = has_errors(*findings) ? 1 : 0;
  if (cli.output == "sarif") return cli.print(sarif(*findings));
  if (cli.json()) return cli.print(findings_json(*findings));
  for (const Finding& finding : *findings) cli.io.out << safe(finding.text()) << '\n';
  const auto errors = static_cast<std::size_t>(std::ranges::count(*findings, Finding::Level::error, &Finding::level));
  cli.io.out << (findings->empty() ? std::string("no findings\n")
                                   : fmt::format("{}, {}\n", count_of(errors, "error", "errors"),
                                                 count_of(findings->size() - errors, "warning", "warnings")))
             << std::flush;
}

}  // namespace

void add_package_verbs(CLI::App& app, Cli& cli) {
  CLI::App* packages = group(app, "package", "Make, sign, check and read release packages; needs no daemon");
  {
    auto options = std::make_shared<Options>();
    CLI::App* init_verb = offline_verb(*packages, cli, "init", "Write a working example package to start from",
                                       "belay package init my-release");
    init_verb->add_option("dir", options->path, "A directory that is empty, or not there yet")
        ->required()
        ->type_name("DIR");
    init_verb->callback([&cli, options] { init(cli, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* build_verb = offline_verb(*packages, cli, "build", "Make a package: the same input gives the same digest",
                                        "belay package build my-release -o my-release-1.0.belay");
    build_verb->add_option("dir", options->path, "The directory with release.yaml, playbook.yaml and files/")
        ->required()
        ->type_name("DIR");
    // -o is the form of the answer elsewhere; here it is what people expect: the file.
    build_verb->remove_option(build_verb->get_option("--output"));
    build_verb->add_option("-o,--out", options->out, "The package to write")->required()->type_name("FILE");
    build_verb->add_flag_callback("--json", [&cli] { cli.output = "json"; }, "Answer in JSON");
    build_verb->callback([&cli, options] { build(cli, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* sign_verb = offline_verb(*packages, cli, "sign", "Sign a package with an SSH key, as FILE.sig",
                                       "belay package sign my-release-1.0.belay --key ~/.ssh/id_ed25519");
    sign_verb->add_option("file", options->path, "The package")->required()->type_name("FILE");
    sign_verb
        ->add_option("--key", options->key, "The private key, or the public one when an agent holds the private one")
        ->required()
        ->type_name("KEY");
    sign_verb->callback([&cli, options] { sign(cli, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* verify_verb = offline_verb(*packages, cli, "verify", "Check a package and its signature, offline",
                                         "belay package verify my-release-1.0.belay --signers allowed_signers");
    verify_verb->add_option("file", options->path, "The package (FILE.sig beside it)")->required()->type_name("FILE");
    verify_verb->add_option("--signers", options->signers, "Who may sign: an allowed_signers file, see ssh-keygen(1)")
        ->required()
        ->type_name("FILE");
    verify_verb->add_option("--revoked", options->revoked, "Keys that count no more: a KRL, or public keys")
        ->type_name("FILE");
    verify_verb->callback([&cli, options] { verify(cli, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* show_verb = offline_verb(*packages, cli, "show", "Show what a package holds, per unit and item",
                                       "belay package show my-release-1.0.belay");
    show_verb->add_option("file", options->path, "The package")->required()->type_name("FILE");
    show_verb->callback([&cli, options] { show_package(cli, *options); });
  }
  {
    auto options = std::make_shared<Options>();
    CLI::App* lint_verb =
        offline_verb(app, cli, "lint", "Every finding in a package, with file:line:column; exit 1 when one is an error",
                     "belay lint my-release -o sarif", {"table", "json", "sarif"});
    lint_verb->add_option("path", options->path, "A package, or the directory of one in the making")
        ->required()
        ->type_name("DIR|FILE");
    lint_verb
        ->add_option("--plugins", options->plugins,
                     "The plugins to check actions against; else BELAY_PLUGINS, else those installed")
        ->type_name("DIR");
    lint_verb->callback([&cli, options] { lint(cli, *options); });
  }
}

}  // namespace belay::cli
