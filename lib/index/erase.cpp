#include "index/erase.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "index/catch_up.h"
#include "index/remove.h"

namespace cbx::index {
namespace {

namespace stdfs = std::filesystem;

// Files looked up at once; between such steps it can be stopped.
constexpr size_t kStep = 1000;
// A recorder locks a new file at once, and tells its journal of a finished one within half a minute.
constexpr Millis kYoungPart{10'000}, kYoungFile{30'000};

class Eraser {
 public:
  Eraser(Filesystem& fs, Index& index, const std::string& device, const Erasure& order)
      : fs_(fs), index_(index), device_(device), order_(order), remover_(fs, index, removal()) {}

  Result<Erased> run() {
    CBX_TRY(list_days());
    CBX_TRY(read_journals());
    CBX_TRY(remove_known());
    CBX_TRY(remove_others());
    CBX_TRY(remover_.flush());
    return out_;
  }

 private:
  Removal removal() {
    Removal r;
    r.reason = order_.reason;
    r.who = order_.who;
    r.now = order_.now;
    r.make_room = order_.make_room;
    r.done = [this](const DeleteRecord& record) {
      out_.bytes += record.bytes;
      // One that was missing already is none.
      if (record.bytes > 0) out_.files++;
    };
    r.failed = [this](const std::string& what, const Error& error) { fail_on(what, error); };
    return r;
  }
  void fail_on(const std::string& what, const Error& error) {
    out_.failures++;
    complain(fmt::format("cannot delete '{}': {}", what, error.message()));
  }
  void complain(const std::string& what) const {
    if (order_.complain) order_.complain(what);
  }
  bool stopped() {
    out_.stopped = out_.stopped || (order_.stop && order_.stop());
    return out_.stopped;
  }
  std::string media(const std::string& relative) const { return index_.store().media_path() + "/" + relative; }

  // Folders of days, relative to media.  Behind symbolic links nothing is looked for, as nothing is deleted there.
  Status list_days();
  Status read_journals();
  Status remove_known();
  Status remove_others();
  void look_at(const std::string& day, const std::string& name);
  bool is_young(const std::string& relative, Millis age) const;
  void drop_part(const std::string& relative);

  Filesystem& fs_;
  Index& index_;
  const std::string& device_;
  const Erasure& order_;
  Erased out_;
  std::vector<std::string> days_;
  Status trouble_;
  Remover remover_;
};

Status Eraser::list_days() {
  std::error_code error;
  if (stdfs::is_symlink(media(device_), error))
    return fail(ErrorCode::io, fmt::format("'{}' is a symbolic link, which is not followed", media(device_)));
  for (stdfs::directory_iterator it(media(device_), error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    std::error_code ignored;
    if (index_.store().parse_day(name) && it->symlink_status(ignored).type() == stdfs::file_type::directory)
      days_.push_back(device_ + "/" + name);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(os_error(error.value(), fmt::format("cannot list '{}'", media(device_))));
  std::sort(days_.begin(), days_.end());
  return {};
}

Status Eraser::read_journals() {
  for (const std::string& day : days_) {
    const std::string journal = day + "/records.jsonl";
    struct stat st {};
    if (::lstat(media(journal).c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
    CBX_ASSIGN(const uint64_t cursor, index_.cursor(journal));
    const auto bytes = static_cast<uint64_t>(st.st_size);
    if (bytes == cursor) continue;
    if (stopped()) return {};
    CBX_TRY(catch_up_journal(index_, journal, bytes, cursor, [this](const std::string& what) { complain(what); }));
  }
  return {};
}

Status Eraser::remove_known() {
  for (WallMs from = kEarliest; !stopped();) {
    CBX_ASSIGN(const auto files, index_.files(device_, from, kStep));
    for (const StoredFile& file : files) CBX_TRY(remover_.add(device_, file, order_.reason));
    if (files.size() < kStep) break;
    from = files.back().start + Millis{1};
  }
  return remover_.flush();
}

bool Eraser::is_young(const std::string& relative, Millis age) const {
  struct stat st {};
  if (::lstat(media(relative).c_str(), &st) != 0) return false;
  const WallMs changed{Millis{int64_t{st.st_mtim.tv_sec} * 1000 + st.st_mtim.tv_nsec / 1'000'000}};
  return changed <= order_.now ? order_.now - changed < age : changed - order_.now < age;
}

void Eraser::drop_part(const std::string& relative) {
  const std::string path = media(relative);
  auto file = fs_.open(path, OpenMode::read_regular);
  if (!file) {
    if (file.error().os_error() != ENOENT) fail_on(relative, file.error());
    return;
  }
  const auto mine = (*file)->try_lock();
  if (!mine) return fail_on(relative, mine.error());
  if (!*mine || is_young(relative, kYoungPart)) {
    out_.in_use++;
    return;
  }
  struct stat st {};
  const int64_t bytes = ::fstat((*file)->fd(), &st) == 0 ? st.st_size : 0;
  // While the lock is held nobody finishes it.
  if (const Status gone = fs_.unlink(path); !gone) {
    if (gone.error().os_error() != ENOENT) fail_on(relative, gone.error());
    return;
  }
  out_.files++;
  out_.bytes += bytes;
}

void Eraser::look_at(const std::string& day, const std::string& name) {
  constexpr std::string_view kCopy = ".copy";
  const std::string relative = day + "/" + name;
  const std::string original = name.ends_with(kCopy) ? relative.substr(0, relative.size() - kCopy.size()) : relative;
  const auto parsed = index_.store().parse_path(original);
  if (!parsed) return;
  if (parsed->part) return drop_part(relative);
  struct stat st {};
  if (original != relative || ::lstat(media(relative).c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return;
  if (is_young(relative, kYoungFile)) {
    out_.in_use++;
    return;
  }
  // The tombstone keeps it from being taken for one whose record was lost.
  if (const Status added = remover_.add(device_, {parsed->start, 0, st.st_size}, order_.reason); !added)
    trouble_ = added;
}

// What the index does not know.
Status Eraser::remove_others() {
  for (const std::string& day : days_) {
    if (stopped()) return {};
    std::vector<std::string> names;
    std::error_code error;
    for (stdfs::directory_iterator it(media(day), error), end; !error && it != end; it.increment(error))
      names.push_back(it->path().filename());
    if (error && error != std::errc::no_such_file_or_directory)
      fail_on(day, os_error(error.value(), "cannot list the folder"));
    for (const std::string& name : names) {
      look_at(day, name);
      CBX_TRY(trouble_);
    }
  }
  return {};
}

}  // namespace

Result<Erased> erase_device(Filesystem& fs, Index& index, const std::string& device, const Erasure& order) {
  return Eraser(fs, index, device, order).run();
}

}  // namespace cbx::index
