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
                fmt::format("'{}' does not exist: 'cbx-index add --catch-up' makes it from the files", path), ENOENT);
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

Status Index::forget_cursor(const std::string& journal) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM journal_cursor WHERE path = ?1"));
    return statement->bind(journal).run();
  });
}

}  // namespace cbx::index
