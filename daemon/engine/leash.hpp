// The daemon's end of the leash: one method per verb of docs/host-protocol.md, over one connection.
//
// Nothing that varies ever enters a command line: the command is constant, everything else goes through standard input.
// A reply counts only when its end line, with this call's nonce, was read: exit status 0 alone means nothing. Errors:
//   Kind::unreachable  not a byte of the call reached the host
//   Kind::unknown      the connection, the deadline or the reply ended in the middle, or the reply is not of the
//   documented
//                      form (a hostile or broken host): the call may have had its effect
//   Kind::integrity    the snapshot is missing or damaged (79), on the host or on its way here
//   Kind::conflict     the host is busy (75), the epoch is not ours (76), or the token is lost (80)
//   Kind::io           the host could not do it; the message carries what it said
// Loop thread only; one call at a time per Leash.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/base/error.hpp"
#include "daemon/engine/reply_reader.hpp"
#include "daemon/model/plan.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/port/journal.hpp"
#include "daemon/port/transport.hpp"
#include "daemon/port/vault.hpp"

namespace belay::engine {

// Gives the next piece of a stream; empty at its end.
using Source = std::function<Awaitable<Result<std::string>>()>;
[[nodiscard]] Source source_of(std::string bytes);

struct Reply {
  int rc = 0;
  std::map<std::string, std::string> sections;
  [[nodiscard]] std::string section(const std::string& name) const;
};

// Collects every section in memory; Kind::unknown beyond 64 MiB.
class ReplySections final : public SectionSink {
 public:
  [[nodiscard]] Result<void> begin(const std::string& name, std::uint64_t size) override;
  [[nodiscard]] Result<void> data(std::string_view bytes) override;
  [[nodiscard]] Result<void> end() override { return {}; }
  [[nodiscard]] Reply take(int rc) {
    reply_.rc = rc;
    return std::move(reply_);
  }

 private:
  Reply reply_;
  std::string* into_ = nullptr;
  std::uint64_t total_ = 0;
};

// The outcome of an operation that ran a script on the host.
struct OpResult {
  int rc = 0;
  std::string output;  // raw bytes, capped by the host
};

struct Probe {
  std::string state;  // NEVER | RUNNING … | DONE n | LINGER n | DIED | REBOOTED
  std::string token;  // armed | committed | firing | restored | none
  std::string output;
  std::string dead_man;  // none | watching n | fired | needs-operator
};

class Leash {
 public:
  Leash(std::shared_ptr<port::Connection> connection, const plugin::Catalogue& catalogue, std::string kit,
        std::string base, bool become_root);

  // Sends the kit when the host does not have it.
  [[nodiscard]] Awaitable<Result<std::map<std::string, std::string>>> facts();
  [[nodiscard]] Awaitable<Result<void>> fence(std::uint64_t epoch);
  [[nodiscard]] Awaitable<Result<std::vector<std::string>>> missing(const std::vector<std::string>& digests);
  [[nodiscard]] Awaitable<Result<void>> stage(const std::string& run, std::uint64_t epoch, Source tar,
                                              std::chrono::seconds deadline);
  // The manifest taken with the snapshot. With `vault`, the snapshot itself comes with it and is sealed there.
  struct Snapshot {
    std::string manifest;
    std::optional<Digest> copy;  // its name in the vault
    std::uint64_t copied = 0;    // bytes
  };
  [[nodiscard]] Awaitable<Result<Snapshot>> snapshot(const std::string& run, int step, std::uint64_t epoch,
                                                     std::chrono::seconds deadline, Vault* vault);
  // Puts the daemon's copy of the snapshot in the place of the host's, which is kept aside. The host checks it first.
  [[nodiscard]] Awaitable<Result<void>> give(const std::string& run, int step, std::uint64_t epoch, Source copy);
  // The step's token; with `seconds` above 0 the host takes the step back by itself once they have passed without
  // renew() or commit(). What watches it: systemd, shell or none.
  [[nodiscard]] Awaitable<Result<std::string>> arm(const std::string& run, int step, std::uint64_t epoch, int seconds);
  // Kind::conflict when the host has begun to take the step back.
  [[nodiscard]] Awaitable<Result<void>> renew(const std::string& run, std::uint64_t epoch, int seconds);
  [[nodiscard]] Awaitable<Result<OpResult>> apply(const std::string& run, int step, std::uint64_t epoch, int attempt,
                                                  std::chrono::seconds deadline);
  [[nodiscard]] Awaitable<Result<OpResult>> verify(const std::string& run, int step, std::uint64_t epoch,
                                                   std::chrono::seconds deadline);
  [[nodiscard]] Awaitable<Result<void>> commit(const std::string& run, int step, std::uint64_t epoch);
  [[nodiscard]] Awaitable<Result<OpResult>> restore(const std::string& run, int step, std::uint64_t epoch,
                                                    std::chrono::seconds deadline);
  [[nodiscard]] Awaitable<Result<OpResult>> settle(const std::string& run, int step, std::uint64_t epoch,
                                                   std::chrono::seconds deadline);
  // What stands at the step's resources now.
  [[nodiscard]] Awaitable<Result<std::string>> manifest(const std::string& run, int step,
                                                        std::chrono::seconds deadline);
  [[nodiscard]] Awaitable<Result<Probe>> probe(const std::string& run, int step, const std::string& op);
  // Copies aside what differs from `manifest`; the encoded paths that were kept.
  [[nodiscard]] Awaitable<Result<std::vector<std::string>>> keep(const std::string& run, int step,
                                                                 std::string manifest);
  // The `items` of the action's plan.sh for one step, read-only.
  [[nodiscard]] Awaitable<Result<std::string>> plan(std::string tar);
  // The boot hook: `install`, `remove` or `show`; what stands afterwards: systemd, cron or no. The kit must be there
  // (facts() brings it).
  [[nodiscard]] Awaitable<Result<std::string>> guard(std::string_view verb);
  // At most `limit` bytes of a regular file.
  [[nodiscard]] Awaitable<Result<std::string>> read(const std::string& encoded_path, std::size_t limit);

 private:
  [[nodiscard]] Awaitable<Result<Reply>> call(std::string line, Source input, std::chrono::seconds deadline);
  // As call(), with the sections going to `sink`; the code of the end line.
  [[nodiscard]] Awaitable<Result<int>> stream(std::string line, Source input, std::chrono::seconds deadline,
                                              SectionSink& sink);
  [[nodiscard]] Awaitable<Result<int>> execute(const std::string& command, std::string header, Source input,
                                               std::chrono::seconds deadline, const std::string& nonce,
                                               SectionSink& sink);
  [[nodiscard]] Awaitable<Result<void>> install();
  [[nodiscard]] Awaitable<Result<OpResult>> op(std::string line, std::chrono::seconds deadline);

  std::shared_ptr<port::Connection> connection_;
  const plugin::Catalogue& catalogue_;
  std::string kit_;
  std::string base_;
  std::string prefix_;
};

// Reads a reply out of everything the host wrote. Exposed for tests and fuzzing: `bytes` is hostile. What stands before
// the begin line is banner noise. Kind::unknown when there is no begin line, no end line, or anything else between
// them.
[[nodiscard]] Result<Reply> parse_reply(std::string_view bytes, const std::string& nonce);

}  // namespace belay::engine
