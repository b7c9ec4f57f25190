// A daemon without an engine for the API's tests: the real server on a real Unix socket, the real store and blobs in a
// directory of their own, and a Control whose state is visible and whose answers are set by hand.
//
// The loop runs on its own thread; on_loop() runs something there and waits for it. Client is HTTP by hand: bytes out,
// bytes in, so that what goes over the wire is exactly what a test says.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "daemon/api/server.hpp"
#include "daemon/store/file_blobs.hpp"
#include "daemon/store/store.hpp"

namespace belay::api::test {

// A directory that goes away with the test.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class HandClock final : public Clock {
 public:
  std::int64_t now = 1'800'000'000'000;
  [[nodiscard]] std::int64_t now_ms() const override { return now; }
  Awaitable<void> wait(std::chrono::milliseconds) const override { co_return; }
};

// Starts runs by writing them into the journal and does nothing more; a test writes what "happens".
class HandControl final : public engine::Control {
 public:
  explicit HandControl(Journal& journal, Record& record) : journal_(journal), record_(record) {}

  std::vector<engine::StartRequest> started;
  std::vector<std::pair<std::string, std::string>> aborted;        // run, actor
  std::vector<std::pair<std::string, engine::GuardVerb>> guarded;  // host, what was asked for
  std::optional<Error> refusal;                                    // of every call
  std::string document = R"({"made":"by hand"})";                  // of plan, proof, check, drift
  std::string view_rest = R"({})";                                 // members of every view beside `run`
  std::function<Awaitable<void>()> before_start;                   // holds a start up

  Awaitable<Result<std::string>> start(engine::StartRequest request) override;
  Awaitable<Result<void>> abort(std::string run, std::string actor, std::string reason) override;
  Awaitable<Result<std::string>> plan(std::string package, std::string environment) override;
  Awaitable<Result<std::string>> view(std::string run) override;
  Awaitable<Result<std::string>> proof(std::string run) override;
  Awaitable<Result<std::string>> check(std::string environment) override;
  Awaitable<Result<std::string>> guard(std::string host, engine::GuardVerb verb, std::string actor) override;
  Awaitable<Result<std::string>> drift(std::string application, std::string environment, std::string against) override;

 private:
  Result<std::string> answer() const;
  Journal& journal_;
  Record& record_;
  int count_ = 0;
};

class Daemon {
 public:
  explicit Daemon(ApiLimits limits = {}, const std::filesystem::path& folder = {});
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] std::string socket() const { return (folder() / "api.sock").native(); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // Runs `work` on the loop thread and waits for its result.
  template <class T>
  T on_loop(std::function<Awaitable<T>()> work);
  void append(std::vector<Event> events, std::vector<RecordWrite> rows = {});
  // A run that stands in the journal, in state `running`.
  void begin_run(const std::string& id, const std::string& application = "portal");
  void end_run(const std::string& id, int rc);
  [[nodiscard]] std::size_t connections();
  // True as soon as `condition` holds on the loop thread, false when it never does.
  [[nodiscard]] bool until(const std::function<bool()>& condition);
  // The graceful way; the destructor does it too.
  void stop();

  HandClock clock;
  std::unique_ptr<HandControl> control;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::FileBlobs> blobs;
  std::vector<Environment> environments;
  std::vector<std::pair<std::string, std::string>> received;  // digest, signature
  std::optional<Error> reject_package;
  bool ready = true;
  std::vector<Access> log;
  std::unique_ptr<ApiContext> context;
  std::unique_ptr<Server> server;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Folder> own_folder_;
  boost::asio::io_context loop_{1};
  boost::asio::thread_pool workers_{2};
  std::thread thread_;
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;                           // without chunks
};

class Client {
 public:
  explicit Client(const std::string& socket);
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool connected() const { return fd_ >= 0; }
  // False when the other side does not take it any more.
  bool send(const std::string& bytes);
  // Reads until `enough` holds for all that was read so far, or the other side closes. Gives up after a minute.
  std::string read(const std::function<bool(const std::string&)>& enough = {});
  // What the next answer says; more than one may come on one connection.
  Answer answer();
  // True when the other side has closed, within a minute.
  bool closed();
  // The socket itself, for tests of buffers.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
  std::string rest_;
};

// "GET /path HTTP/1.1" with Host, the fields and the body's length.
[[nodiscard]] std::string request(const std::string& method, const std::string& target, const std::string& body = {},
                                  const std::string& fields = {});
// One request on a connection of its own.
[[nodiscard]] Answer ask(const Daemon& daemon, const std::string& method, const std::string& target,
                         const std::string& body = {}, const std::string& fields = {});

}  // namespace belay::api::test

#include "tests/api/server/daemon_loop.hpp"
