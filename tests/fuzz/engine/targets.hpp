// What a hostile host or a playbook gives the engine to read, as functions that any bytes may be given to. They check
// what must hold whatever the bytes are, and abort when it does not. Used by libFuzzer, and by a unit test that replays
// the corpus in every build.
#pragma once

#include <string_view>

void fuzz_host_manifest(std::string_view bytes);  // a manifest, and the differences between two halves of the bytes
void fuzz_reply(std::string_view bytes);          // the leash's answer, and the items of a plan
void fuzz_expression(std::string_view bytes);     // a step's `when`
