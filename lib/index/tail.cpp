#include "index/tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "store/journal.h"

namespace cbx::index {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostCursorBytes = 64 << 20;
// Journals of one day are merged by time as long as what is new in them stays below this.
constexpr uint64_t kTailBatch = 64 << 20;

struct Line {
  WallMs order;  // never before that of the line above it in the same journal
  Record record;
};

// What is new in one journal, appended to `lines`; moves `offset`.
Status read_new(const store::Store& store, const std::string& path, uint64_t& offset, const TailFilter& filter,
                std::vector<Line>& lines, const std::function<void(const std::string&)>& complain) {
  WallMs order{};
  auto end = store::read_journal(store, path, offset, [&](uint64_t at, Result<std::optional<Record>> record) {
    if (!record)
      return complain(fmt::format("'{}': line that ends at byte {}: {}", path, at, record.error().message()));
    if (!*record) return;
    order = std::max(order, record_time(**record));
    if (!filter.type || filter.type(record_type(**record))) lines.push_back({order, std::move(**record)});
  });
  if (!end && end.error().code() == ErrorCode::no_input) return {};  // deleted meanwhile
  if (!end) return fail(std::move(end).error());
  offset = *end;
  return {};
}

}  // namespace

Result<TailCursor> TailCursor::load(const std::string& path) {
  TailCursor cursor;
  auto text = read_file(path, kMostCursorBytes);
  if (!text && text.error().os_error() == ENOENT) return cursor;
  if (!text) return fail(std::move(text).error());
  const auto bad = [&] {
    return fail(ErrorCode::data, fmt::format("'{}' is no cursor file; delete it to start from the first record", path));
  };
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || json.value("v", Json()) != 1) return bad();
  const auto journals = json.find("journals");
  if (journals == json.end() || !journals->is_object()) return bad();
  for (const auto& [name, offset] : journals->items()) {
    if (!offset.is_number_unsigned()) return bad();
    cursor.journals[name] = offset.get<uint64_t>();
  }
  return cursor;
}

Status TailCursor::save(const std::string& path) const {
  Json json{{"v", 1}, {"journals", Json::object()}};
  for (const auto& [name, offset] : journals) json["journals"][name] = offset;
  return replace_file(path, json.dump() + "\n", 0640);
}

Status tail_once(const store::Store& store, TailCursor& cursor, const TailFilter& filter,
                 const std::function<void(const Record&)>& print, const std::function<Status()>& deliver,
                 const std::function<void(const std::string&)>& complain) {
  CBX_ASSIGN(auto files, store::list_journals(store));
  std::stable_sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.day < b.day; });
  std::set<std::string> present;
  for (const auto& f : files) present.insert(f.path);
  std::erase_if(cursor.journals, [&](const auto& entry) { return !present.count(entry.first); });
  for (size_t i = 0; i < files.size();) {
    std::vector<Line> lines;
    std::map<std::string, uint64_t> moved;
    uint64_t bytes = 0;
    const std::string& day = files[i].day;
    for (; i < files.size() && files[i].day == day && bytes < kTailBatch; i++) {
      const auto& file = files[i];
      const auto known = cursor.journals.find(file.path);
      uint64_t offset = known == cursor.journals.end() ? 0 : known->second;
      if (file.bytes < offset) offset = 0;  // made anew
      if (file.bytes == offset || (filter.device && !filter.device(file.device))) continue;
      bytes += file.bytes - offset;
      CBX_TRY(read_new(store, file.path, offset, filter, lines, complain));
      moved[file.path] = offset;
    }
    if (moved.empty()) continue;
    std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.order < b.order; });
    for (const Line& line : lines) print(line.record);
    auto before = cursor.journals;
    for (const auto& [path, offset] : moved) cursor.journals[path] = offset;
    if (Status out = deliver(); !out) {
      cursor.journals = std::move(before);
      return out;
    }
  }
  return {};
}

Status tail_skip(const store::Store& store, TailCursor& cursor) {
  CBX_ASSIGN(const auto files, store::list_journals(store));
  // Up to the last whole line: what is being written now is still to come.
  for (const auto& file : files) {
    CBX_ASSIGN(cursor.journals[file.path],
               store::read_journal(store, file.path, cursor.journals[file.path], [](uint64_t, const auto&) {}));
  }
  return {};
}

}  // namespace cbx::index
