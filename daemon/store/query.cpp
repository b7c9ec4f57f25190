#include "daemon/store/query.hpp"

namespace belay::store {
namespace {

void bind(soci::statement& statement, const Cells& parameters) {
  for (const Cell& cell : parameters)
    std::visit([&](const auto& value) { statement.exchange(soci::use(value)); }, cell);
}

}  // namespace

long long execute(soci::session& session, const std::string& sql, const Cells& parameters) {
  soci::statement statement(session);
  statement.alloc();
  bind(statement, parameters);
  statement.prepare(sql);
  statement.define_and_bind();
  statement.execute(true);
  return statement.get_affected_rows();
}

void select(soci::session& session, const std::string& sql, const Cells& parameters, Cells shape,
            const std::function<void(const Cells&)>& row) {
  soci::statement statement(session);
  statement.alloc();
  bind(statement, parameters);
  for (Cell& cell : shape) std::visit([&](auto& value) { statement.exchange(soci::into(value)); }, cell);
  statement.prepare(sql);
  statement.define_and_bind();
  statement.execute(false);
  while (statement.fetch()) row(shape);
}

}  // namespace belay::store
