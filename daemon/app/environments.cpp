#include "daemon/app/environments.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/app/config_file.hpp"
#include "daemon/base/escape.hpp"
#include "daemon/wire/schema.hpp"

namespace belay::app {
namespace {

Tier tier_of(const std::string& name) {
  if (name == "production") return Tier::production;
  return name == "test" ? Tier::test : Tier::development;
}

Rules rules_of(const Value& require, Tier tier) {
  Rules rules = default_rules(tier);
  rules.signature = flag(require, "signature", rules.signature);
  rules.rehearsal = flag(require, "rehearsal", rules.rehearsal);
  rules.rehearsed_in = require.text_or("rehearsed_in");
  rules.refuse_drift = flag(require, "refuse_drift", rules.refuse_drift);
  rules.allow_irreversible = flag(require, "allow_irreversible", rules.allow_irreversible);
  rules.direct = flag(require, "direct", rules.direct);
  return rules;
}

Result<Environment> environment_of(const Value::Entry& entry) {
  const Value& map = entry.value;
  if (!valid_name(entry.key))
    return fail(Kind::invalid, fmt::format("'{}' cannot be an environment's name", show(entry.key)),
                "Use letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit.",
                entry.key_place);
  Environment made;
  made.name = entry.key;
  made.tier = tier_of(map.text_or("tier"));
  made.user = map.text_or("user");
  made.key = map.text_or("key");
  made.transport = map.text_or("transport", made.transport);
  made.ssh_config = map.text_or("ssh_config");
  made.base = map.text_or("base", made.base);
  made.become_root = map.text_or("become") == "sudo";
  made.isolation_host = map.text_or("isolation") == "host";
  made.signers = map.text_or("signers");
  if (const Value* vars = map.find("vars"))
    for (const Value::Entry& var : *vars->map()) made.vars[var.key] = var.value.as_text().value_or("");
  const Value none = Value::empty_map();
  const Value* require = map.find("require");
  made.rules = rules_of(require != nullptr ? *require : none, made.tier);
  BELAY_TRY(made.connect_seconds, seconds(map, "connect_timeout", made.connect_seconds));
  const Value* dead_man = map.find("dead_man");
  if (dead_man == nullptr || dead_man->as_text().value_or("") != "off") {
    BELAY_TRY(made.dead_man_seconds, seconds(map, "dead_man", default_dead_man_seconds(made.tier)));
  }
  made.copy_snapshots = flag(map, "copy_snapshots", made.tier == Tier::production);
  BELAY_TRY(made.step_seconds, seconds(map, "step_timeout", made.step_seconds));
  return made;
}

// What a schema cannot say about one environment.
Result<void> check(const Environment& made, const Value& map) {
  const auto wrong = [&](std::string_view key, std::string what, std::string next) {
    return fail(Kind::invalid, fmt::format("environment '{}' {}", made.name, what), std::move(next),
                place_of(map, key));
  };
  if (!valid_path(made.base))
    return wrong("base", fmt::format("has '{}' as `base`", show(made.base)),
                 "Give an absolute path of letters, digits and '/._-', without '.' and '..', at most 200 characters.");
  if (made.transport != "local" && made.user.empty())
    return wrong("user", "has no `user`", "Add the SSH user that Belay logs in as.");
  if (made.transport == "ssh" && made.key.empty())
    return wrong("key", "has no `key`", "Add the path of its private key; transport ssh logs in with nothing else.");
  if (made.transport != "openssh" && !made.ssh_config.empty())
    return wrong("ssh_config", "has an `ssh_config`, which only transport openssh reads",
                 "Remove it, or set `transport: openssh`.");
  if (made.rules.signature && made.signers.empty())
    return wrong("signers", "demands a signature and has no `signers`",
                 "Add the path of an allowed_signers file (`man ssh-keygen`, ALLOWED SIGNERS).");
  return {};
}

// What holds between environments.
Result<void> check_together(const std::vector<Environment>& all, const Value::Map& maps) {
  std::vector<std::string> names;
  for (const Environment& one : all) names.push_back(one.name);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string& wanted = all[i].rules.rehearsed_in;
    if (!wanted.empty() && std::ranges::find(names, wanted) == names.end()) {
      const std::string near = wire::nearest(wanted, names);
      return fail(
          Kind::invalid,
          fmt::format("environment '{}' wants rehearsals in '{}', which is no environment", all[i].name, wanted),
          near.empty() ? "Name one of this file's environments." : fmt::format("Did you mean '{}'?", near),
          place_of(*maps[i].value.find("require"), "rehearsed_in"));
    }
    for (std::size_t j = 0; j < i; ++j) {
      const bool mixed =
          all[i].tier != all[j].tier && (all[i].tier == Tier::production || all[j].tier == Tier::production);
      if (mixed && !all[i].key.empty() && all[i].key == all[j].key)
        return fail(Kind::invalid,
                    fmt::format("environments '{}' and '{}' have the same `key`", all[j].name, all[i].name),
                    "Give production a key of its own: whoever breaks into another environment must not hold it.",
                    place_of(maps[i].value, "key"));
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Environment>> parse_environments(std::string_view text, const std::string& file) {
  BELAY_TRY(const Value value, read_checked(text, file, environments_schema_text()));
  const Value::Map& maps = *value.find("environments")->map();
  std::vector<Environment> all;
  for (const Value::Entry& entry : maps) {
    BELAY_TRY(Environment made, environment_of(entry));
    BELAY_TRYV(check(made, entry.value));
    all.push_back(std::move(made));
  }
  BELAY_TRYV(check_together(all, maps));
  return all;
}

Result<std::vector<Environment>> read_environments(const std::filesystem::path& path) {
  BELAY_TRY(const std::string text, read_config_file(path));
  return parse_environments(text, path.string());
}

}  // namespace belay::app
