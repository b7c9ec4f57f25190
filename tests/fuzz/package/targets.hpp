// Everything that reads bytes from outside in daemon/wire and daemon/package, as functions that any bytes may be given
// to. They check what must hold whatever the bytes are, and abort when it does not. Used by libFuzzer, and by a unit
// test that replays the corpus in every build.
#pragma once

#include <string_view>

void fuzz_yaml(std::string_view bytes);       // the YAML guard, the shipped schemas, both texts of a package
void fuzz_json(std::string_view bytes);       // the JSON guard and the canonical form
void fuzz_archive(std::string_view bytes);    // a package file
void fuzz_tar(std::string_view bytes);        // the tar stream inside one
void fuzz_manifest(std::string_view bytes);   // MANIFEST.json and the rules for members
void fuzz_text(std::string_view bytes);       // {{ name }}, command words, names, globs
void fuzz_signature(std::string_view bytes);  // SSHSIG
