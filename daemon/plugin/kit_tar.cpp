#include "daemon/plugin/kit_tar.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "daemon/base/check.hpp"

namespace belay::plugin {
namespace {

struct Free {
  void operator()(archive* writer) const { archive_write_free(writer); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

la_ssize_t on_write(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

struct TarStream::State {
  std::string out;
  std::unique_ptr<archive, Free> writer;
  [[nodiscard]] std::unexpected<Error> error() const {
    const char* text = archive_error_string(writer.get());
    return fail(Kind::internal,
                fmt::format("cannot write a tar stream: {}", text == nullptr ? "no reason given" : text));
  }
};

TarStream::TarStream() : state_(std::make_unique<State>()) {
  state_->writer.reset(archive_write_new());
  archive* writer = state_->writer.get();
  BELAY_CHECK(writer != nullptr);
  BELAY_CHECK(archive_write_set_format_pax_restricted(writer) == ARCHIVE_OK);
  // No padding to tape blocks: what is written comes out at once.
  BELAY_CHECK(archive_write_set_bytes_per_block(writer, 0) == ARCHIVE_OK);
  BELAY_CHECK(archive_write_open(writer, &state_->out, nullptr, on_write, nullptr) == ARCHIVE_OK);
}
TarStream::~TarStream() = default;
TarStream::TarStream(TarStream&&) noexcept = default;
TarStream& TarStream::operator=(TarStream&&) noexcept = default;

Result<void> TarStream::begin(const std::string& name, std::uint64_t size) {
  const std::unique_ptr<archive_entry, Free> entry(archive_entry_new());
  BELAY_CHECK(entry != nullptr);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (archive_write_header(state_->writer.get(), entry.get()) != ARCHIVE_OK) return state_->error();
  return {};
}

Result<void> TarStream::data(std::string_view bytes) {
  const la_ssize_t written = archive_write_data(state_->writer.get(), bytes.data(), bytes.size());
  if (written != static_cast<la_ssize_t>(bytes.size())) return state_->error();
  return {};
}

Result<void> TarStream::file(const std::string& name, std::string_view bytes) {
  BELAY_TRYV(begin(name, bytes.size()));
  return bytes.empty() ? Result<void>{} : data(bytes);
}

Result<void> TarStream::finish() {
  if (archive_write_close(state_->writer.get()) != ARCHIVE_OK) return state_->error();
  return {};
}

std::string TarStream::take() { return std::exchange(state_->out, {}); }

}  // namespace belay::plugin
