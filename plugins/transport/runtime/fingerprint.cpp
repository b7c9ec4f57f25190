#include "plugins/transport/runtime/fingerprint.hpp"

#include "daemon/base/base64.hpp"
#include "daemon/base/digest.hpp"

namespace belay::worker {

std::string fingerprint(std::string_view blob) {
  const Digest digest = sha256(blob);
  std::string text = encode_base64({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

}  // namespace belay::worker
