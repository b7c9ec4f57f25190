// The table itself. A new route is a line here, a handler in handlers.hpp, and a run of `make docs` for openapi.yaml.
#include <array>

#include "daemon/api/handlers.hpp"
#include "daemon/api/routes.hpp"

namespace belay::api {
namespace {

constexpr Field package_query[] = {
    {.name = "signature", .summary = "The text of the .sig file in base64; the header Belay-Signature says the same"}};

constexpr Field plan_fields[] = {
    {.name = "package", .summary = "The package's digest, 64 hex digits", .required = true},
    {.name = "environment", .summary = "Where it is meant to go", .required = true}};

constexpr Field run_fields[] = {
    {.name = "kind", .summary = "deploy, rehearse or rollback", .required = true},
    {.name = "environment", .summary = "Where; a rollback of a run takes it from that run"},
    {.name = "package", .summary = "deploy and rehearse: the package's digest"},
    {.name = "application", .summary = "rollback: the newest finished deployment of this application"},
    {.name = "of", .summary = "rollback: this deployment"},
    {.name = "reason", .summary = "Why, for the record"}};

constexpr Field run_query[] = {{.name = "application", .summary = "Only runs of this application"},
                               {.name = "environment", .summary = "Only runs in this environment"},
                               {.name = "state", .summary = "Only runs in this state"},
                               {.name = "before", .summary = "The cursor `next` of the page before"},
                               {.name = "limit", .summary = "At most so many, 1 to 500", .type = Type::number}};

constexpr Field event_query[] = {
    {.name = "after", .summary = "Only events after this sequence number; Last-Event-ID wins", .type = Type::number}};

constexpr Field log_query[] = {
    {.name = "host", .summary = "Only output of this host"},
    {.name = "step", .summary = "Only output of this step, from 1", .type = Type::number},
    {.name = "after", .summary = "Only output recorded after this sequence number", .type = Type::number},
    {.name = "follow", .summary = "Go on until the run has ended", .type = Type::boolean}};

constexpr Field abort_fields[] = {{.name = "reason", .summary = "Why, for the record"}};

constexpr Field baseline_query[] = {{.name = "application", .summary = "Of this application", .required = true},
                                    {.name = "environment", .summary = "In this environment", .required = true}};

constexpr Field diff_query[] = {
    {.name = "application", .summary = "Of this application", .required = true},
    {.name = "environment", .summary = "In this environment", .required = true},
    {.name = "against", .summary = "Compare with this environment instead of the baseline"}};

constexpr Field environment_query[] = {{.name = "environment", .summary = "Only hosts of this environment"}};

constexpr Field host_fields[] = {
    {.name = "environment", .summary = "The environment it belongs to", .required = true},
    {.name = "address", .summary = "Host name or IP address", .required = true},
    {.name = "port", .summary = "TCP port of sshd; 22", .type = Type::number},
    {.name = "user", .summary = "SSH user; the environment's"},
    {.name = "base", .summary = "Belay's directory on the host; the environment's"},
    {.name = "transport", .summary = "ssh, openssh or local; the environment's"},
    {.name = "groups", .summary = "Groups it is in", .type = Type::texts},
    {.name = "host_keys", .summary = "Pinned keys, \"ssh-ed25519 AAAA…\", one per type", .type = Type::texts},
    {.name = "vars", .summary = "Values of variables; they win over the environment's", .type = Type::map}};

constexpr Field guard_fields[] = {{.name = "verb", .summary = "install, remove or show", .required = true}};

constexpr Field package_filter[] = {{.name = "package", .summary = "Only blocks of this digest"}};

constexpr Field lift_fields[] = {{.name = "environment", .summary = "Where it is blocked", .required = true},
                                 {.name = "reason", .summary = "Why it may be tried again", .required = true}};

constexpr Grant peer = Grant::peer;

const std::array table{
    Route{.path = "/healthz",
          .id = "getHealth",
          .summary = "Says that the daemon's loop turns.",
          .grant = peer,
          .answer = "{ok: true}",
          .handle = get_health},
    Route{.path = "/readyz",
          .id = "getReady",
          .summary = "Says whether recovery is over and runs are taken.",
          .grant = peer,
          .answer = "{ready: true}; 503 while it recovers",
          .handle = get_ready},
    Route{.path = "/v1/status",
          .id = "getStatus",
          .summary = "What the daemon is and does.",
          .grant = peer,
          .answer = "{version, epoch, pid, state_dir, ready, runs_running}",
          .handle = get_status},
    Route{.method = Method::post,
          .path = "/v1/packages",
          .id = "postPackage",
          .summary = "Takes a signed package: the body is the archive.",
          .grant = peer,
          .takes = Takes::stream,
          .query = package_query,
          .success = 201,
          .answer = "{digest, application, version, signer, findings}",
          .handle = post_package},
    Route{.path = "/v1/packages",
          .id = "getPackages",
          .summary = "Lists the packages the daemon holds.",
          .grant = peer,
          .answer = "A list of packages",
          .handle = get_packages},
    Route{.path = "/v1/packages/{digest}",
          .id = "getPackage",
          .summary = "Shows a package, its evidence and its blocks.",
          .grant = peer,
          .answer = "{digest, application, version, …, evidence, blocks}",
          .handle = get_package},
    Route{.method = Method::post,
          .path = "/v1/plans",
          .id = "postPlan",
          .summary = "Says what each step would do on each host; changes nothing.",
          .grant = peer,
          .takes = Takes::json,
          .fields = plan_fields,
          .answer = "The plan document",
          .handle = post_plan},
    Route{.method = Method::post,
          .path = "/v1/runs",
          .id = "postRun",
          .summary = "Starts a run.",
          .grant = peer,
          .takes = Takes::json,
          .fields = run_fields,
          .success = 202,
          .answer = "{id}",
          .handle = post_run},
    Route{.path = "/v1/runs",
          .id = "getRuns",
          .summary = "Lists runs, newest first.",
          .grant = peer,
          .query = run_query,
          .answer = "A list of runs",
          .handle = get_runs},
    Route{.path = "/v1/runs/{id}",
          .id = "getRun",
          .summary = "Shows a run with its hosts and steps.",
          .grant = peer,
          .answer = "The view document",
          .handle = get_run},
    Route{.path = "/v1/runs/{id}/events",
          .id = "getEvents",
          .summary = "Streams a run's events, the past ones first, until it has ended.",
          .grant = peer,
          .query = event_query,
          .answer = "Server-sent events",
          .answer_type = "text/event-stream",
          .handle = get_events},
    Route{.path = "/v1/runs/{id}/logs",
          .id = "getLogs",
          .summary = "What the hosts printed, one JSON document per line.",
          .grant = peer,
          .query = log_query,
          .answer = "{seq, at_ms, host, step, op, rc, text} per line",
          .answer_type = "application/jsonl",
          .handle = get_logs},
    Route{.path = "/v1/runs/{id}/proof",
          .id = "getProof",
          .summary = "The proof of a run's rollback.",
          .grant = peer,
          .answer = "The proof document",
          .handle = get_proof},
    Route{.method = Method::post,
          .path = "/v1/runs/{id}/abort",
          .id = "abortRun",
          .summary = "Stops a run from going forward and takes its hosts back.",
          .grant = peer,
          .takes = Takes::json,
          .fields = abort_fields,
          .success = 202,
          .answer = "{id}",
          .handle = abort_run},
    Route{.path = "/v1/environments",
          .id = "getEnvironments",
          .summary = "Lists the environments.",
          .grant = peer,
          .answer = "A list of environments",
          .handle = get_environments},
    Route{.path = "/v1/environments/{name}",
          .id = "getEnvironment",
          .summary = "Shows an environment and its hosts.",
          .grant = peer,
          .answer = "{name, tier, …, hosts}",
          .handle = get_environment},
    Route{.method = Method::post,
          .path = "/v1/environments/{name}/check",
          .id = "checkEnvironment",
          .summary = "Asks every host: reachable, right key, tools, room?",
          .grant = peer,
          .takes = Takes::json,
          .answer = "The check document",
          .handle = check_environment},
    Route{.path = "/v1/hosts",
          .id = "getHosts",
          .summary = "Lists the hosts.",
          .grant = peer,
          .query = environment_query,
          .answer = "A list of hosts",
          .handle = get_hosts},
    Route{.path = "/v1/hosts/{name}",
          .id = "getHost",
          .summary = "Shows a host.",
          .grant = peer,
          .answer = "The host",
          .handle = get_host},
    Route{.method = Method::put,
          .path = "/v1/hosts/{name}",
          .id = "putHost",
          .summary = "Adds a host, or replaces what is known of it.",
          .grant = peer,
          .takes = Takes::json,
          .fields = host_fields,
          .answer = "The host",
          .handle = put_host},
    Route{.method = Method::post,
          .path = "/v1/hosts/{name}/guard",
          .id = "guardHost",
          .summary = "Installs a host's boot hook, removes it, or looks for it.",
          .grant = peer,
          .takes = Takes::json,
          .fields = guard_fields,
          .answer = "{name, environment, guard, class, class_why}",
          .handle = guard_host},
    Route{.path = "/v1/baselines",
          .id = "getBaselines",
          .summary = "Lists accepted releases, newest first.",
          .grant = peer,
          .query = baseline_query,
          .answer = "A list of baselines",
          .handle = get_baselines},
    Route{.path = "/v1/diff",
          .id = "getDiff",
          .summary = "Compares the hosts with their baseline, or one environment with another.",
          .grant = peer,
          .query = diff_query,
          .answer = "The diff document",
          .handle = get_diff},
    Route{.path = "/v1/blocks",
          .id = "getBlocks",
          .summary = "Lists packages that may not be tried again yet.",
          .grant = peer,
          .query = package_filter,
          .answer = "A list of blocks",
          .handle = get_blocks},
    Route{.method = Method::post,
          .path = "/v1/blocks/{digest}/lift",
          .id = "liftBlock",
          .summary = "Lets a blocked package be tried again.",
          .grant = peer,
          .takes = Takes::json,
          .fields = lift_fields,
          .answer = "The lifted block",
          .handle = lift_block},
};

}  // namespace

std::span<const Route> routes() { return table; }

}  // namespace belay::api
