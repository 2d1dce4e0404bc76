// Record lines, and journals made of them: what was read writes and reads as the same; a torn line costs itself alone.
#include <filesystem>
#include <optional>

#include "base/records.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "store/journal.h"

namespace {

using namespace cbx;

void one_line(std::string_view line) {
  const auto record = parse_record(line);
  if (!record) {
    CBX_CHECK(record.error().code() == ErrorCode::data);
    CBX_CHECK(fuzz::is_clean(record.error().message()));
    return;
  }
  if (!*record) return;
  const std::string text = to_line(**record);
  CBX_CHECK(text.find('\n') == std::string::npos && is_utf8(text));
  const auto again = parse_record(text);
  CBX_CHECK(again && *again && **again == **record);
  CBX_CHECK(to_line(**again) == text);
  (void)record_device(**record);
}

struct Journal {
  fuzz::Scratch scratch;
  store::Store store = *store::Store::init(scratch.path(), UtcOffset{std::chrono::minutes{540}}, std::nullopt);
  PosixFilesystem fs;
  Record mark = EventRecord{"cam01", *parse_rfc3339("2026-11-20T08:01:00Z"), "mark", "behind what was torn", "", {}};
  std::string path = store.journal_path("cam01", record_time(mark));
  Journal() {
    std::filesystem::create_directories(store.media_path() + "/" + store.day_folder("cam01", record_time(mark)));
  }
};

void journal(ByteSpan content, uint64_t offset) {
  static Journal j;
  fuzz::write_file(j.store.media_path() + "/" + j.path, as_string(content));
  size_t records = 0;
  uint64_t last = offset;
  const auto count = [&](uint64_t end, const Result<std::optional<Record>>& record) {
    CBX_CHECK(end > last && end <= content.size());
    CBX_CHECK(content[end - 1] == '\n');
    last = end;
    records += record && *record;
  };
  const auto end = store::read_journal(j.store, j.path, offset, count);
  CBX_CHECK(end && *end >= last);
  if (offset > 0) return;
  CBX_CHECK(store::append_journal(j.fs, j.store, std::span<const Record>(&j.mark, 1)));
  size_t after = 0;
  std::optional<Record> newest;
  CBX_CHECK(store::read_journal(j.store, j.path, 0, [&](uint64_t, Result<std::optional<Record>> record) {
    newest.reset();
    if (!record || !*record) return;
    after++;
    newest = std::move(**record);
  }));
  CBX_CHECK(newest == j.mark);
  // A torn line may be a whole record that lacks nothing but its end.
  CBX_CHECK(after == records + 1 || after == records + 2);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan input(data, size);
  const std::string_view text = as_string(input);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    one_line(text.substr(at, end - at));
    at = end + 1;
  }
  journal(input, 0);
  if (!input.empty()) journal(input, input.back() % input.size());
  return 0;
}
