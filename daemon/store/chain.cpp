#include "daemon/store/chain.hpp"

#include <fmt/format.h>

#include "daemon/base/escape.hpp"
#include "daemon/store/query.hpp"
#include "daemon/store/rows.hpp"

namespace belay::store {
namespace {

const std::string columns =
    "seq, at_ms, run, type, host, step, epoch, ok, rc, digest, output, note, detail, version, prev_hash, hash";
constexpr std::size_t type_at = 3, version_at = 13, prev_at = 14, hash_at_column = 15;

// What a row is hashed over: all its columns but the last.
std::string hash_row(const Cells& cells) {
  return hash_cells("journal", Cells(cells.begin(), cells.begin() + hash_at_column));
}

const Cells& shape() {
  static const Cells cells{0LL, 0LL, "", "", "", 0LL, 0LL, 0LL, 0LL, "", "", "", "", 0LL, "", ""};
  return cells;
}

// The type has been looked up by the caller.
Recorded to_recorded(const Cells& cells, EventType type) {
  Recorded recorded;
  from_cell(cells[0], recorded.seq);
  from_cell(cells[1], recorded.at_ms);
  Event& event = recorded.event;
  event.type = type;
  from_cell(cells[2], event.run);
  from_cell(cells[4], event.host);
  from_cell(cells[5], event.step);
  from_cell(cells[6], event.epoch);
  from_cell(cells[7], event.ok);
  from_cell(cells[8], event.rc);
  from_cell(cells[9], event.digest);
  from_cell(cells[10], event.output);
  from_cell(cells[11], event.note);
  from_cell(cells[12], event.detail);
  return recorded;
}

// Stops the reading of the chain with an Error.
struct Refused {
  Error error;
};

[[noreturn]] void refuse(Kind kind, std::string what, std::string next) {
  throw Refused{Error{kind, std::move(what), std::move(next), std::nullopt}};
}

void check_row(const Cells& cells, Link& link) {
  const auto seq = static_cast<std::uint64_t>(std::get<long long>(cells[0]));
  const auto damaged = [&](std::string_view why) {
    refuse(Kind::integrity,
           fmt::format("the journal is damaged or was changed by hand: event {} {}", link.seq + 1, why),
           "belayd does not start on it. Keep the state directory as it is and restore its last backup.");
  };
  if (seq != link.seq + 1) damaged(fmt::format("is missing (the next one there is {})", seq));
  const auto newer = [&](std::string_view what) {
    refuse(Kind::conflict, fmt::format("event {} of the journal has {}, which this belayd does not know", seq, what),
           "It was written by a newer belayd: start that one.");
  };
  const auto version = std::get<long long>(cells[version_at]);
  if (version > event_version) newer(fmt::format("version {}", version));
  if (std::get<std::string>(cells[prev_at]) != link.hash) damaged("does not follow the one before it");
  if (std::get<std::string>(cells[hash_at_column]) != hash_row(cells)) damaged("is not what belayd wrote there");
  const auto& type = std::get<std::string>(cells[type_at]);
  if (!event_type(type)) newer(fmt::format("the type '{}'", show(type)));
  link = {seq, std::get<std::string>(cells[hash_at_column])};
}

}  // namespace

Result<Link> check_chain(soci::session& session) {
  Link link;
  try {
    select(session, "SELECT " + columns + " FROM journal ORDER BY seq", {}, shape(),
           [&](const Cells& cells) { check_row(cells, link); });
  } catch (const Refused& refused) {
    return std::unexpected(refused.error);
  }
  return link;
}

Recorded append_event(soci::session& session, Link& link, const Event& event, std::int64_t at_ms) {
  Cells cells{static_cast<long long>(link.seq + 1),
              static_cast<long long>(at_ms),
              event.run,
              std::string(to_string(event.type)),
              event.host,
              static_cast<long long>(event.step),
              static_cast<long long>(event.epoch),
              static_cast<long long>(event.ok),
              static_cast<long long>(event.rc),
              event.digest,
              event.output,
              event.note,
              event.detail,
              static_cast<long long>(event_version),
              link.hash};
  cells.emplace_back(hash_cells("journal", cells));
  static const std::string sql =
      "INSERT INTO journal (" + columns +
      ") VALUES (:seq, :at_ms, :run, :type, :host, :step, :epoch, :ok, :rc, :digest, :output, "
      ":note, :detail, :version, :prev_hash, :hash)";
  execute(session, sql, cells);
  link = {link.seq + 1, std::get<std::string>(cells.back())};
  return {link.seq, at_ms, event};
}

std::vector<Recorded> read_events(soci::session& session, const std::string& run, std::uint64_t after_seq) {
  std::vector<Recorded> events;
  select(session, "SELECT " + columns + " FROM journal WHERE run = :run AND seq > :after ORDER BY seq",
         {run, static_cast<long long>(after_seq)}, shape(), [&](const Cells& cells) {
           const auto type = event_type(std::get<std::string>(cells[type_at]));
           if (!type || std::get<std::string>(cells[hash_at_column]) != hash_row(cells))
             throw Damaged(
                 fmt::format("event {} of the journal is not what belayd wrote there", std::get<long long>(cells[0])));
           events.push_back(to_recorded(cells, *type));
         });
  return events;
}

std::string hash_at(soci::session& session, std::uint64_t seq) {
  std::string hash;
  select(session, "SELECT hash FROM journal WHERE seq = :seq", {static_cast<long long>(seq)}, {std::string()},
         [&](const Cells& cells) { hash = std::get<std::string>(cells[0]); });
  return hash;
}

}  // namespace belay::store
