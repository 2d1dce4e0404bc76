#include "index/index.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "index/impl.h"
#include "index/schema.h"

namespace cbx::index {

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

Result<Index> Index::open(const store::Store& store, Access access, Millis busy) {
  const std::string path = store.index_path();
  if (access == Access::read && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
    return fail(ErrorCode::no_input,
                fmt::format("'{}' does not exist: 'cbx-verify --rebuild' makes it from the files", path), ENOENT);
  auto db =
      db::Database::open(path, schema(), access == Access::write ? db::OpenMode::create : db::OpenMode::existing, busy);
  if (!db) return fail(std::move(db).error());
  return Index(std::make_unique<Impl>(store, std::move(*db)));
}

const store::Store& Index::store() const {
  return impl_->store;
}

Result<Applied> Index::apply(std::span<const Record> records, bool from_journal) {
  return impl_->write(records, from_journal, nullptr, 0);
}

Result<Applied> Index::apply_journal(std::span<const Record> records, const std::string& journal, uint64_t offset) {
  return impl_->write(records, true, &journal, offset);
}

Result<std::map<std::string, uint64_t>> Index::cursors() {
  std::map<std::string, uint64_t> out;
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT path, offset FROM journal_cursor"));
  statement->bind();
  for (;;) {
    CBX_ASSIGN(const bool row, statement->step());
    if (!row) return out;
    out.emplace(statement->text(0), static_cast<uint64_t>(statement->integer(1)));
  }
}

Result<uint64_t> Index::cursor(const std::string& journal) {
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT offset FROM journal_cursor WHERE path = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(journal).step());
  const auto offset = row ? static_cast<uint64_t>(statement->integer(0)) : uint64_t{0};
  statement->reset();
  return offset;
}

Status Index::move_cursor(const std::string& journal, uint64_t from, uint64_t to) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement,
               impl_->db.cached("UPDATE journal_cursor SET offset = ?3 WHERE path = ?1 AND offset = ?2"));
    return statement->bind(journal, static_cast<int64_t>(from), static_cast<int64_t>(to)).run();
  });
}

Status Index::forget_cursor(const std::string& journal) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM journal_cursor WHERE path = ?1"));
    return statement->bind(journal).run();
  });
}

Result<Index> Index::create_at(const store::Store& store, const std::string& path) {
  auto db = db::Database::open(path, schema(), db::OpenMode::create);
  if (!db) return fail(std::move(db).error());
  return Index(std::make_unique<Impl>(store, std::move(*db)));
}

Result<Applied> Index::replace_day(const std::string& device, TimeRange day, std::span<const Record> records,
                                   const std::string& journal, uint64_t offset) {
  const Impl::Day whole{device, day};
  return impl_->write(records, true, &journal, offset, &whole);
}

namespace {

// Rows that nothing leads to: what a correct writer never leaves, and an SQLite that lost pages may.
struct Orphans {
  const char* what;
  const char* rows;  // FROM … WHERE …
};
constexpr Orphans kOrphans[] = {
    {"details of segments that are not there",
     "segment_detail WHERE NOT EXISTS (SELECT 1 FROM segment s WHERE s.device_id = segment_detail.device_id AND "
     "s.start_ms = segment_detail.start_ms)"},
    {"segments of devices that are not there", "segment WHERE device_id NOT IN (SELECT id FROM device)"},
    {"segments of formats that are not there", "segment WHERE format_id NOT IN (SELECT id FROM format)"},
    {"details of init segments that are not there",
     "segment_detail WHERE playback_id IS NOT NULL AND playback_id NOT IN (SELECT id FROM playback)"},
    {"tombstones of devices that are not there", "tombstone WHERE device_id NOT IN (SELECT id FROM device)"},
    {"missing segments of devices that are not there", "missing WHERE device_id NOT IN (SELECT id FROM device)"},
    {"events of devices that are not there", "event WHERE device_id NOT IN (SELECT id FROM device)"},
};

}  // namespace

Result<std::vector<std::string>> Index::check() {
  std::vector<std::string> found;
  CBX_ASSIGN(auto pages, impl_->db.prepare("PRAGMA quick_check(1)"));
  CBX_ASSIGN(const bool row, pages.step());
  if (std::string said = row ? pages.text(0) : "no answer"; said != "ok") {
    // "*** in database main ***", and a line for each thing found.
    if (const size_t line = said.find('\n'); said.starts_with("***") && line != said.npos) said.erase(0, line + 1);
    return fail(ErrorCode::data, fmt::format("'{}' is damaged: {}", impl_->db.path(), said.substr(0, said.find('\n'))));
  }
  pages.reset();
  for (const Orphans& orphans : kOrphans) {
    CBX_ASSIGN(auto count, impl_->db.prepare(fmt::format("SELECT count(*) FROM {}", orphans.rows)));
    CBX_ASSIGN(const bool counted, count.step());
    if (counted && count.integer(0) > 0) found.push_back(fmt::format("{} {}", count.integer(0), orphans.what));
  }
  return found;
}

Status Index::sweep() {
  return impl_->db.transaction([&]() -> Status {
    for (const Orphans& orphans : kOrphans)
      CBX_TRY(impl_->db.exec(fmt::format("DELETE FROM {}", orphans.rows).c_str()));
    // A segment that went may have left its details.
    return impl_->db.exec(fmt::format("DELETE FROM {}", kOrphans[0].rows).c_str());
  });
}

Status Index::copy_into(Index& target) {
  target.impl_->forget_interned();
  return impl_->db.copy_into(target.impl_->db);
}

bool Index::still_there() const {
  return impl_->db.still_there();
}

}  // namespace cbx::index
