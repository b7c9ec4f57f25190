// The argument lists belay-openssh starts ssh with. Values come from worker_protocol::check()ed hosts; still nothing of
// a host can become an option: they stand behind -o NAME=, or behind "--".
//
// Files (known_hosts, control socket) are named relative to the worker's private directory, which is its working
// directory: a path given by someone else could be too long for a socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "belay/worker_protocol.hpp"

namespace belay::openssh {

// Lines for known_hosts: the pinned keys, for whatever name ssh_config makes of the host. The file serves one host
// only.
std::string known_hosts(const worker_protocol::Open& open);

std::string control_socket(std::uint32_t number);

// Keeps the connection: `number` names its files (c<number>, k<number>).
std::vector<std::string> master_arguments(const worker_protocol::Open& open, const std::string& key_file,
                                          std::uint32_t number, std::chrono::seconds patience);
// Runs one command over it, and over nothing else.
std::vector<std::string> command_arguments(const worker_protocol::Open& open, std::uint32_t number,
                                           const std::string& command);

}  // namespace belay::openssh
