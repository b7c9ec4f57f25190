#include "daemon/api/documents.hpp"

namespace belay::api {

std::string text_of(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json parsed(const std::string& text) {
  Json document = Json::parse(text, nullptr, false);
  return document.is_discarded() ? Json(text) : document;
}

Json document(const PackageRow& row) {
  return {{"digest", row.digest},
          {"application", row.application},
          {"version", row.version},
          {"signer", row.signer},
          {"key", row.key},
          {"size", row.size},
          {"received_ms", row.received_ms}};
}

Json document(const BaselineRow& row) {
  return {{"application", row.application},
          {"environment", row.environment},
          {"version", row.version},
          {"package", row.package},
          {"run", row.run},
          {"previous_run", row.previous_run},
          {"manifest", row.manifest},
          {"portable", row.portable},
          {"at_ms", row.at_ms},
          {"current", row.current}};
}

Json document(const EvidenceRow& row) {
  return {{"kind", row.kind},
          {"package", row.package},
          {"plan_template", row.plan_template},
          {"environment", row.environment},
          {"run", row.run},
          {"passed", row.passed},
          {"detail", row.detail.empty() ? Json(nullptr) : parsed(row.detail)},
          {"at_ms", row.at_ms}};
}

Json document(const BlockRow& row) {
  return {{"package", row.package},
          {"environment", row.environment},
          {"run", row.run},
          {"reason", row.reason},
          {"at_ms", row.at_ms},
          {"lifted_by", row.lifted_by},
          {"lift_reason", row.lift_reason},
          {"lifted_ms", row.lifted_ms}};
}

Json document(const Environment& environment) {
  const Rules& rules = environment.rules;
  return {{"name", environment.name},
          {"tier", to_string(environment.tier)},
          {"user", environment.user},
          {"transport", environment.transport},
          {"base", environment.base},
          {"become_root", environment.become_root},
          {"vars", environment.vars},
          {"rules",
           {{"signature", rules.signature},
            {"rehearsal", rules.rehearsal},
            {"rehearsed_in", rules.rehearsed_in},
            {"refuse_drift", rules.refuse_drift},
            {"allow_irreversible", rules.allow_irreversible},
            {"direct", rules.direct}}}};
}

Json document(const Recorded& recorded) {
  const Event& event = recorded.event;
  return {{"seq", recorded.seq},    {"at_ms", recorded.at_ms}, {"type", to_string(event.type)},
          {"run", event.run},       {"host", event.host},      {"step", event.step},
          {"ok", event.ok},         {"rc", event.rc},          {"digest", event.digest},
          {"output", event.output}, {"note", event.note}};
}

}  // namespace belay::api
