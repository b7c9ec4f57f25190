#include "daemon/engine/finals.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace belay::engine {

Result<FinalManifests> read_finals(const Blobs& blobs, const std::string& digest) {
  BELAY_TRY(const Digest name, Digest::parse(digest));
  BELAY_TRY(const std::string all, blobs.get(name));
  const auto broken = [&] {
    return fail(Kind::integrity, "the stored final manifest " + name.brief() + " is not of the expected form");
  };
  FinalManifests out;
  std::string_view text = all;
  std::string* part = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (line.starts_with("@ ")) {
      int step = 0;
      const auto [stop, error] = std::from_chars(line.data() + 2, line.data() + line.size(), step);
      if (error != std::errc{} || step < 1 || stop == line.data() + line.size() || *stop != '\n' || out.contains(step))
        return broken();
      part = &out[step];
    } else if (part != nullptr) {
      *part += line;
    } else {
      return broken();
    }
  }
  return out;
}

Result<std::map<std::string, std::string>> read_host_finals(const Blobs& blobs, const std::string& digest) {
  BELAY_TRY(const Digest name, Digest::parse(digest));
  BELAY_TRY(const std::string text, blobs.get(name));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto is_text = [](const nlohmann::json& value) { return value.is_string(); };
  if (!json.is_object() || !std::ranges::all_of(json, is_text))
    return fail(Kind::integrity, "the stored baseline " + name.brief() + " is not of the expected form");
  return json.get<std::map<std::string, std::string>>();
}

Result<std::string> write_host_finals(Blobs& blobs, const std::map<std::string, std::string>& finals) {
  BELAY_TRY(const Digest digest, blobs.put(nlohmann::json(finals).dump()));
  return digest.hex();
}

}  // namespace belay::engine
