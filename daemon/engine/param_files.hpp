// A step's parameters turned into the files they are on the host: data in, data out, nothing is ever quoted or spliced.
//
// Variables are replaced here, once (daemon/model/template.hpp); payload names become digests; command lines become
// words before their variables are replaced, so that a variable is always inside one word. Values are any bytes but
// NUL, at most 120 KiB each. Kind::invalid with the place in playbook.yaml. Blobs made here (rendered templates,
// literal content) are put into the store.
#pragma once

#include <set>
#include <string>

#include "daemon/model/contents.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/model/template.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/port/blobs.hpp"
#include "daemon/wire/schema.hpp"

namespace belay::engine {

struct ParamContext {
  const PackageContents& package;
  const plugin::ActionInfo& action;
  Lookup variables;
  Blobs& blobs;
};

struct Params {
  ParamFiles files;
  std::set<std::string> blobs;  // hex digests that must be on the host
};

// The action's schema asked again of the values as they are once variables are filled in: what lint could not know of
// `port: "{{ port }}"`. A filled-in scalar is typed as YAML would type it. The error has the place in playbook.yaml.
[[nodiscard]] Result<void> check_rendered(const wire::Schema& schema, const Value& params, const Lookup& variables);

[[nodiscard]] Result<Params> param_files(const ParamContext& context, const Value& params);

// The files of one argv parameter: NAME.0, NAME.1, …
[[nodiscard]] Result<void> argv_files(const std::string& name, const Value& value, const Lookup& variables,
                                      ParamFiles& out);

// The resources the step touches: its action's rules with `$name` replaced, and `extra` paths of the step itself.
[[nodiscard]] Result<std::vector<Touch>> touches_of(const plugin::Catalogue& catalogue,
                                                    const plugin::ActionInfo& action, const ParamFiles& params,
                                                    const std::vector<std::string>& extra);

}  // namespace belay::engine
