#include "index/catch_up.h"

#include <fmt/format.h>

#include "store/journal.h"

namespace cbx::index {
namespace {

// Rows a transaction: large enough that commits cost nothing, small enough that a live writer hardly waits.
constexpr size_t kSlice = 1000;

// What a record says of a segment is taken from the journal of that segment's day only: a journal that was copied into
// another folder must not speak for the first.
bool is_misplaced(const store::Store& store, const std::string& journal, const Record& record) {
  return std::visit(
      [&](const auto& r) {
        if constexpr (requires { r.path; })
          return store.journal_path(r.device, r.start) != journal;
        else
          return false;
      },
      record);
}

}  // namespace

Result<CaughtUp> catch_up_journal(Index& index, const std::string& journal, uint64_t bytes, uint64_t cursor,
                                  const Complain& complain) {
  CaughtUp done;
  if (bytes < cursor) cursor = 0;
  std::vector<Record> slice;
  uint64_t end = cursor;
  Status status;
  const auto commit = [&]() -> Status {
    CBX_ASSIGN(const Applied applied, index.apply_journal(slice, journal, end));
    for (const auto& why : applied.refused) complain(fmt::format("'{}': {}", journal, why));
    done.segments += applied.segments;
    slice.clear();
    return {};
  };
  auto read =
      store::read_journal(index.store(), journal, cursor, [&](uint64_t line_end, Result<std::optional<Record>> record) {
        if (!status) return;
        if (!record)
          complain(fmt::format("'{}': line that ends at byte {}: {}", journal, line_end, record.error().message()));
        end = line_end;
        if (!record || !*record) return;
        if (is_misplaced(index.store(), journal, **record))
          return complain(fmt::format("'{}': line that ends at byte {}: a '{}' record that belongs elsewhere", journal,
                                      line_end, record_type(**record)));
        done.records++;
        slice.push_back(std::move(**record));
        if (slice.size() >= kSlice) status = commit();
      });
  if (!read) return fail(std::move(read).error());
  CBX_TRY(status);
  end = *read;
  if (end != cursor || !slice.empty()) CBX_TRY(commit());
  return done;
}

Result<CaughtUp> catch_up(Index& index, const Complain& complain, const std::function<bool()>& stop) {
  CaughtUp total;
  CBX_ASSIGN(auto cursors, index.cursors());
  CBX_ASSIGN(const auto journals, store::list_journals(index.store()));
  for (const auto& journal : journals) {
    const auto found = cursors.find(journal.path);
    const uint64_t cursor = found == cursors.end() ? 0 : found->second;
    if (found != cursors.end()) cursors.erase(found);
    if (journal.bytes == cursor) continue;
    if (stop && stop()) return total;
    auto done = catch_up_journal(index, journal.path, journal.bytes, cursor, complain);
    if (!done && done.error().code() == ErrorCode::no_input) continue;  // deleted meanwhile
    if (!done) return fail(std::move(done).error());
    total.records += done->records;
    total.segments += done->segments;
  }
  for (const auto& [gone, offset] : cursors) CBX_TRY(index.forget_cursor(gone));
  return total;
}

}  // namespace cbx::index
