// What a step may do to a tree, at random: everything that a program with a shell can think of.
#pragma once

#include <string>

#include "tests/property/path/tree.hpp"

namespace belay::test {

// One random act upon something below (or, seldom, at) `root`. Acts that the kernel refuses are no acts. Says what it
// did, for a failed expectation.
std::string damage(Maker& make, const std::string& root);

}  // namespace belay::test
