// What the routes do. Each handler gets a request that has passed all checks, asks one port, and answers; none keeps
// state.
//
// Failure is a Response made by problem(). Loop thread only. The shapes of the documents are in docs/api.md.
#pragma once

#include "daemon/api/context.hpp"
#include "daemon/api/http.hpp"

namespace belay::api {

// handlers_daemon.cpp
Awaitable<Response> get_health(const Request&, ApiContext&);
Awaitable<Response> get_ready(const Request&, ApiContext&);
Awaitable<Response> get_status(const Request&, ApiContext&);

// handlers_packages.cpp
Awaitable<Response> post_package(const Request&, ApiContext&);
Awaitable<Response> get_packages(const Request&, ApiContext&);
Awaitable<Response> get_package(const Request&, ApiContext&);
Awaitable<Response> post_plan(const Request&, ApiContext&);
Awaitable<Response> get_blocks(const Request&, ApiContext&);
Awaitable<Response> lift_block(const Request&, ApiContext&);

// handlers_runs.cpp
Awaitable<Response> post_run(const Request&, ApiContext&);
Awaitable<Response> get_runs(const Request&, ApiContext&);
Awaitable<Response> get_run(const Request&, ApiContext&);
Awaitable<Response> get_proof(const Request&, ApiContext&);
Awaitable<Response> abort_run(const Request&, ApiContext&);
Awaitable<Response> get_baselines(const Request&, ApiContext&);
Awaitable<Response> get_diff(const Request&, ApiContext&);

// handlers_streams.cpp
Awaitable<Response> get_events(const Request&, ApiContext&);
Awaitable<Response> get_logs(const Request&, ApiContext&);

// handlers_hosts.cpp
Awaitable<Response> get_environments(const Request&, ApiContext&);
Awaitable<Response> get_environment(const Request&, ApiContext&);
Awaitable<Response> check_environment(const Request&, ApiContext&);
Awaitable<Response> get_hosts(const Request&, ApiContext&);
Awaitable<Response> get_host(const Request&, ApiContext&);
Awaitable<Response> put_host(const Request&, ApiContext&);
Awaitable<Response> guard_host(const Request&, ApiContext&);

// A list as the API sends it: {"items": […], "next": cursor or null}.
[[nodiscard]] Response list_of(std::vector<std::string> documents, const std::string& next = {});

}  // namespace belay::api
