// Running SQL with bound values through SOCI: the only two shapes the store needs.
//
// The SQL text is always made of constants of the program; every value travels as a bound parameter. Both throw
// soci::soci_error; nothing outside daemon/store sees it.
#pragma once

#include <soci/soci.h>

#include <functional>
#include <string>

#include "daemon/store/cells.hpp"

namespace belay::store {

// Runs a statement that gives no rows; returns how many it changed. Parameters are bound in order of appearance.
long long execute(soci::session& session, const std::string& sql, const Cells& parameters = {});

// Calls `row` for each row; `shape` says by its alternatives what types the columns are read as.
void select(soci::session& session, const std::string& sql, const Cells& parameters, Cells shape,
            const std::function<void(const Cells&)>& row);

}  // namespace belay::store
