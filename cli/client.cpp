#include "cli/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdio>

#include "cli/io.hpp"
#include "daemon/base/base64.hpp"
#include "daemon/base/ulid.hpp"

namespace belay::cli {
namespace {

// How often a waiting call looks up: interrupts, progress, redrawing.
constexpr int tick_ms = 200;
// Documents are far below this; a larger answer is no answer of ours.
constexpr std::size_t largest_answer = 512u << 20;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeMulti {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Error error_from(long status, const std::string& body) {
  const Json problem = Json::parse(body, nullptr, false);
  if (!problem.is_object() || !problem.contains("detail")) {
    return Error{
        Kind::internal, fmt::format("the daemon answered {} without saying why", status), "Look into its log.", {}};
  }
  const auto text = [&problem](const char* name) {
    const auto found = problem.find(name);
    return found != problem.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Error error{kind_named(text("kind")), text("detail"), text("next"), {}};
  if (const auto place = problem.find("place"); place != problem.end() && place->is_object()) {
    error.place = Place{place->value("file", ""), place->value("line", 0), place->value("column", 0)};
  }
  return error;
}

}  // namespace

// One request and what came of it.
struct Client::Exchange {
  std::string method = "GET";
  std::string path;
  std::string body;
  std::FILE* file = nullptr;
  std::uint64_t file_size = 0;
  std::uint64_t file_sent = 0;
  std::vector<std::string> headers;
  std::function<void(std::uint64_t)> progress;
  std::function<bool(std::string_view)> on_data;  // set: a stream
  std::function<bool()> on_tick;
  CURL* easy = nullptr;
  long status = 0;
  std::string answer;
  bool enough = false;  // on_data or on_tick said false

  static std::size_t receive(char* data, std::size_t one, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::string_view piece(data, one * count);
    curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &exchange.status);
    if (exchange.on_data && exchange.status == 200) {
      if (exchange.on_data(piece)) return piece.size();
      exchange.enough = true;
      return 0;
    }
    if (exchange.answer.size() + piece.size() > largest_answer) return 0;
    exchange.answer += piece;
    return piece.size();
  }

  static std::size_t deliver(char* into, std::size_t one, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    const std::size_t got = std::fread(into, 1, one * count, exchange.file);
    if (got == 0 && std::ferror(exchange.file) != 0) return CURL_READFUNC_ABORT;
    exchange.file_sent += got;
    if (exchange.progress) exchange.progress(exchange.file_sent);
    return got;
  }

  static int rewind(void* self, curl_off_t offset, int origin) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (::fseeko(exchange.file, offset, origin) != 0) return CURL_SEEKFUNC_FAIL;
    exchange.file_sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
};

Client::Client(std::string socket) : socket_(std::move(socket)) { curl_global_init(CURL_GLOBAL_DEFAULT); }
Client::~Client() { curl_global_cleanup(); }

Result<void> Client::run(Exchange& exchange) {
  away_ = false;
  const std::unique_ptr<CURL, FreeEasy> easy(curl_easy_init());
  const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
  if (!easy || !multi) return fail(Kind::internal, "libcurl does not start");
  exchange.easy = easy.get();
  const auto set = [&easy](CURLoption option, auto value) { curl_easy_setopt(easy.get(), option, value); };
  const std::string url = "http://belay" + exchange.path;
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_PROTOCOLS_STR, "http");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  set(CURLOPT_WRITEFUNCTION, &Exchange::receive);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
  std::unique_ptr<curl_slist, FreeList> headers;
  const auto add = [&headers](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  for (const std::string& line : exchange.headers) add(line);
  if (exchange.file != nullptr) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.file_size));
    set(CURLOPT_READFUNCTION, &Exchange::deliver);
    set(CURLOPT_READDATA, &exchange);
    set(CURLOPT_SEEKFUNCTION, &Exchange::rewind);
    set(CURLOPT_SEEKDATA, &exchange);
    add("Content-Type: application/octet-stream");
  } else if (exchange.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(exchange.body.size()));
    set(CURLOPT_POSTFIELDS, exchange.body.c_str());
    add("Content-Type: application/json");
  }
  set(CURLOPT_HTTPHEADER, headers.get());

  curl_multi_add_handle(multi.get(), easy.get());
  CURLcode outcome = CURLE_OK;
  bool cancelled = false;
  for (int running = 1; running > 0;) {
    if (curl_multi_perform(multi.get(), &running) != CURLM_OK) outcome = CURLE_FAILED_INIT;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg == CURLMSG_DONE) outcome = message->data.result;
    }
    if (running == 0 || outcome != CURLE_OK) break;
    if (exchange.on_tick && !exchange.on_tick()) {
      exchange.enough = true;
      break;
    }
    if (interrupted()) {
      cancelled = true;
      break;
    }
    curl_multi_poll(multi.get(), nullptr, 0, tick_ms, nullptr);
  }
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &exchange.status);
  curl_multi_remove_handle(multi.get(), easy.get());
  if (exchange.enough) return {};
  if (cancelled) return fail(Kind::cancelled, "interrupted");
  // A refusal counts even when it came while the body was still on its way.
  if (outcome == CURLE_OK || (exchange.status >= 400 && Json::accept(exchange.answer))) return {};
  if (outcome == CURLE_ABORTED_BY_CALLBACK) return fail(Kind::io, "the file cannot be read to its end");
  away_ = true;
  if (outcome == CURLE_COULDNT_CONNECT) {
    return fail(Kind::unreachable, fmt::format("nobody answers on the socket {}", socket_),
                "Is belayd running, and may you use its socket? Another one is chosen with --socket or BELAY_SOCKET.");
  }
  return fail(Kind::unreachable, fmt::format("the connection to the daemon broke ({})", curl_easy_strerror(outcome)),
              "Try again; what it had begun stands in its journal.");
}

Result<Json> Client::send(Exchange& exchange) {
  BELAY_TRYV(run(exchange));
  if (exchange.status < 200 || exchange.status > 299)
    return std::unexpected(error_from(exchange.status, exchange.answer));
  if (exchange.answer.empty()) return Json::object();
  Json document = Json::parse(exchange.answer, nullptr, false);
  if (document.is_discarded()) {
    return fail(Kind::internal, "the daemon's answer is no JSON",
                fmt::format("Is it belayd that listens on {}?", socket_));
  }
  return document;
}

Result<Json> Client::get(const std::string& path) {
  Exchange exchange;
  exchange.path = path;
  return send(exchange);
}

Result<Json> Client::post(const std::string& path, const Json& body) {
  const std::string key = random_hex(16);
  for (int tries = 1;; ++tries) {
    Exchange exchange;
    exchange.method = "POST";
    exchange.path = path;
    exchange.body = body.dump(-1, ' ', true, Json::error_handler_t::replace);
    exchange.headers.push_back("Idempotency-Key: " + key);
    auto answer = send(exchange);
    // Safe to repeat: the key makes it the same request.
    if (answer || !away_ || tries == 2) return answer;
  }
}

Result<Json> Client::put(const std::string& path, const Json& body) {
  Exchange exchange;
  exchange.method = "PUT";
  exchange.path = path;
  exchange.body = body.dump(-1, ' ', true, Json::error_handler_t::replace);
  return send(exchange);
}

Result<Json> Client::upload(const std::string& path, const std::filesystem::path& file, const std::string& signature,
                            const std::function<void(std::uint64_t)>& progress) {
  const std::unique_ptr<std::FILE, CloseFile> opened(std::fopen(file.c_str(), "rbe"));
  std::error_code ec;
  const auto size = std::filesystem::file_size(file, ec);
  if (!opened || ec)
    return fail(Kind::io, fmt::format("cannot read '{}'", file.native()), "Check its name and its mode.");
  Exchange exchange;
  exchange.method = "POST";
  exchange.path = path;
  exchange.file = opened.get();
  exchange.file_size = size;
  exchange.progress = progress;
  if (!signature.empty()) exchange.headers.push_back("Belay-Signature: " + encode_base64(signature));
  return send(exchange);
}

Result<void> Client::stream(const std::string& path, std::uint64_t last_event_id,
                            const std::function<bool(std::string_view)>& on_data,
                            const std::function<bool()>& on_tick) {
  Exchange exchange;
  exchange.path = path;
  if (last_event_id > 0) exchange.headers.push_back(fmt::format("Last-Event-ID: {}", last_event_id));
  exchange.on_data = on_data;
  exchange.on_tick = on_tick;
  BELAY_TRYV(run(exchange));
  if (exchange.status != 200) return std::unexpected(error_from(exchange.status, exchange.answer));
  return {};
}

Kind kind_named(std::string_view name) {
  for (const Kind kind : {Kind::invalid, Kind::refused, Kind::not_found, Kind::conflict, Kind::unreachable,
                          Kind::timeout, Kind::unknown, Kind::integrity, Kind::io, Kind::cancelled}) {
    if (to_string(kind) == name) return kind;
  }
  return Kind::internal;
}

std::string part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    if (!value.empty()) out += (out.empty() ? "?" : "&") + name + "=" + part(value);
  }
  return out;
}

int exit_code(const Error& error, bool daemon_away) {
  if (error.kind == Kind::refused) return 5;
  if (error.kind == Kind::unreachable && !daemon_away) return 4;
  return 1;
}

}  // namespace belay::cli
