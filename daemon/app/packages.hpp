// Packages on the daemon's side: taken in, known by digest, and asked who signed them.
//
// An archive is read to its last byte before anything of it is believed; its members become blobs by digest, nothing is
// ever unpacked under a name from the package. A refused archive leaves nothing behind. Signatures are kept beside the
// blobs and checked again, with stock ssh-keygen, against the signers of the very environment a run is for.
// Loop thread; blocking work goes to `pool`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "daemon/base/digest.hpp"
#include "daemon/model/contents.hpp"
#include "daemon/model/inventory.hpp"
#include "daemon/plugin/catalogue.hpp"
#include "daemon/port/blobs.hpp"
#include "daemon/port/clock.hpp"
#include "daemon/port/journal.hpp"

namespace belay::app {

class Packages {
 public:
  Packages(std::filesystem::path state, std::uint64_t package_bytes, Journal& journal, Record& record, Blobs& blobs,
           const Clock& clock, const plugin::Catalogue& catalogue, const std::vector<Environment>& environments,
           boost::asio::any_io_executor pool);

  // Checks the uploaded blob and takes it into the record; the package document of docs/api.md. Kind::invalid,
  // Kind::integrity or Kind::refused as daemon/package says; the blob is gone then.
  [[nodiscard]] Awaitable<Result<std::string>> receive(Digest archive, std::string signature);
  // Kind::not_found when it never came.
  [[nodiscard]] Awaitable<Result<PackageContents>> contents(const std::string& digest);
  // The principal, by the signers of this environment. Kind::refused with the reason.
  [[nodiscard]] Awaitable<Result<std::string>> signer(const std::string& digest, const Environment& environment);

 private:
  struct Taken;
  [[nodiscard]] Result<Taken> take(const Digest& archive, const std::string& signature);
  [[nodiscard]] std::filesystem::path signature_of(const std::string& digest) const;

  std::filesystem::path state_;
  std::uint64_t package_bytes_;
  Journal& journal_;
  Record& record_;
  Blobs& blobs_;
  const Clock& clock_;
  const plugin::Catalogue& catalogue_;
  const std::vector<Environment>& environments_;
  boost::asio::any_io_executor pool_;
  std::map<std::string, PackageContents> known_;
};

}  // namespace belay::app
