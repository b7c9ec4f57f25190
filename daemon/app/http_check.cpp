#include "daemon/app/http_check.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "daemon/base/check.hpp"
#include "daemon/base/escape.hpp"

namespace belay::app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t largest_body = 1u << 20;

std::string text(const ParamFiles& params, const std::string& name, const std::string& otherwise) {
  const auto found = params.find(name);
  return found == params.end() ? otherwise : found->second;
}

long number(const ParamFiles& params, const std::string& name, long otherwise) {
  const std::string value = text(params, name, "");
  long out = otherwise;
  std::from_chars(value.data(), value.data() + value.size(), out);
  return out;
}

struct Body {
  std::string bytes;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* out) {
  auto* body = static_cast<Body*>(out);
  const std::size_t bytes = size * count;
  // What is beyond the limit is read and dropped: a check looks for a word, not for a download.
  if (body->bytes.size() < largest_body) body->bytes.append(data, std::min(bytes, largest_body - body->bytes.size()));
  return bytes;
}

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

// One request; empty when the answer is the wanted one, else what was seen.
std::string ask(const ParamFiles& params, long status, const std::string& contains) {
  const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
  BELAY_CHECK(easy != nullptr);
  Body body;
  const std::string url = text(params, "url", "");
  const std::string method = text(params, "method", "GET");
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy.get(), CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(error));
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &body);
  if (text(params, "insecure", "") == "true") {
    curl_easy_setopt(easy.get(), CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  }
  const CURLcode code = curl_easy_perform(easy.get());
  if (code != CURLE_OK) return *error != '\0' ? show(static_cast<const char*>(error)) : curl_easy_strerror(code);
  long got = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &got);
  if (got != status) return fmt::format("the status is {}, not {}", got, status);
  if (!contains.empty() && body.bytes.find(contains) == std::string::npos)
    return fmt::format("the answer does not contain \"{}\"", show(contains));
  return {};
}

}  // namespace

Result<void> http_check(const ParamFiles& params) {
  const long status = number(params, "status", 200);
  const long wanted = std::max(1L, number(params, "consecutive", 1));
  const std::string contains = text(params, "contains", "");
  const auto every = std::chrono::seconds(std::max(1L, number(params, "every", 1)));
  const auto until = Clock::now() + std::chrono::seconds(number(params, "within", 60));
  std::string seen;
  for (long in_row = 0;;) {
    seen = ask(params, status, contains);
    in_row = seen.empty() ? in_row + 1 : 0;
    if (in_row >= wanted) return {};
    if (Clock::now() + every > until) break;
    // Waits between two looks; nobody wakes it early.
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable().wait_for(lock, every);
  }
  return fail(Kind::timeout, fmt::format("{} did not answer as wanted in time; last: {}", show(text(params, "url", "")),
                                         seen.empty() ? "right, but not often enough in a row" : seen));
}

}  // namespace belay::app
