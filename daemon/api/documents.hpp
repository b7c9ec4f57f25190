// The record's rows and the inventory as the JSON documents of docs/api.md; a run's is wire/run_document.hpp's. Pure;
// total over all bytes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/model/event.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/model/record.hpp"

namespace belay::api {

// Keeps the order in which members are named, so that documents read well.
using Json = nlohmann::ordered_json;

// JSON text. Bytes that are no UTF-8 become U+FFFD, so that no host can break a document.
[[nodiscard]] std::string text_of(const Json& document);

// Canonical JSON made by the engine or the store. Text that is no JSON (a defect) becomes a JSON string, never a fault.
[[nodiscard]] Json parsed(const std::string& text);

[[nodiscard]] Json document(const PackageRow& row);
[[nodiscard]] Json document(const BaselineRow& row);
[[nodiscard]] Json document(const EvidenceRow& row);
[[nodiscard]] Json document(const BlockRow& row);
// Without the paths of its key and signers: those are the daemon's business.
[[nodiscard]] Json document(const Environment& environment);
// One event of the stream: {seq, at_ms, type, run, host, step, ok, rc, digest, output, note}.
[[nodiscard]] Json document(const Recorded& recorded);

}  // namespace belay::api
