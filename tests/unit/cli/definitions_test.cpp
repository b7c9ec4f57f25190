// The verbs' definitions: each has an example, and the man pages in docs/man are made from them.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "cli/man.hpp"
#include "tests/unit/cli/recorded_io.hpp"

namespace belay::cli::test {
namespace {

void each_verb(const CLI::App& app, const std::function<void(const CLI::App&)>& visit) {
  const auto subs = app.get_subcommands([](const CLI::App*) { return true; });
  if (subs.empty()) visit(app);
  for (const CLI::App* sub : subs) each_verb(*sub, visit);
}

class Definitions : public ::testing::Test {
 protected:
  RecordedIo recorded;
  Cli cli{recorded.io};
  std::unique_ptr<CLI::App> app = make_app(cli);
};

TEST_F(Definitions, EveryVerbHasAnExampleThatIsOfIt) {
  each_verb(*app, [](const CLI::App& verb) {
    std::string name = verb.get_name();
    for (const CLI::App* up = verb.get_parent(); up != nullptr; up = up->get_parent())
      name = up->get_name() + ' ' + name;
    EXPECT_NE(verb.get_footer().find("Example:\n  " + name), std::string::npos) << name << ": " << verb.get_footer();
    EXPECT_FALSE(verb.get_description().empty()) << name;
    EXPECT_NE(verb.get_description().back(), '.') << name;
    for (const CLI::Option* option : verb.get_options()) {
      EXPECT_FALSE(option->get_description().empty()) << name << ' ' << option->get_name();
    }
  });
}

// Why: outside checks and fingers use these names.
TEST_F(Definitions, OfferTheVerbsOfTheInterface) {
  std::set<std::string> offered;
  each_verb(*app, [&](const CLI::App& verb) {
    const CLI::App* up = verb.get_parent();
    offered.insert((up->get_parent() == nullptr ? "" : up->get_name() + ' ') + verb.get_name());
  });
  const std::set<std::string> promised{"package init",  "package build", "package sign",  "package verify",
                                       "package show",  "lint",          "plan",          "deploy",
                                       "rehearse",      "rollback",      "run list",      "run show",
                                       "run watch",     "run abort",     "logs",          "proof",
                                       "diff",          "baseline list", "baseline show", "env list",
                                       "env show",      "env check",     "host add",      "host guard",
                                       "host scan-key", "host list",     "host show",     "inventory import",
                                       "block list",    "block lift",    "status",        "version",
                                       "help",          "completion"};
  EXPECT_EQ(offered, promised);
}

TEST_F(Definitions, AreWhatTheManPagesSay) {
  for (const auto& [name, text] : man_pages(*app)) {
    std::ifstream in(std::string(BELAY_SOURCE_DIR) + "/docs/man/" + name, std::ios::binary);
    const std::string written((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_EQ(written, text) << name << " is not of this build: build the target `man`";
  }
}

TEST_F(Definitions, AreWhatCompletionOffers) {
  const std::string script = bash_completion(*app);
  EXPECT_NE(script.find("'belay run watch')"), std::string::npos);
  EXPECT_NE(script.find("--environment"), std::string::npos);
  EXPECT_EQ(script.find("BELAY_SOCKET"), std::string::npos);
}

}  // namespace
}  // namespace belay::cli::test
