// The tables of the state database, and the check that the database has exactly these.
//
// Anything more (a trigger planted by hand, a dropped index) or else (a flipped bit in a definition, another version)
// is refused at start. Called on the thread that opens the database; throws soci::soci_error.
#pragma once

#include <soci/soci.h>

#include "daemon/base/error.hpp"

namespace belay::store {

inline constexpr int schema_version = 1;

// True for a database that has no table at all.
[[nodiscard]] bool is_blank(soci::session& session);

// Makes all tables; the caller's transaction is around it.
void make_schema(soci::session& session);

// Kind::conflict for the schema of a newer belayd, Kind::integrity for one that is not what any belayd made.
[[nodiscard]] Result<void> check_schema(soci::session& session);

}  // namespace belay::store
