// The real file system, of which any call can be made to fail.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace cbx::test {

enum class Call {
  open,
  write,
  append,
  read,
  size,
  truncate,
  allocate,
  sync_data,
  lock,
  close,
  make_dirs,
  rename,
  unlink,
  remove_dir,
  sync_dir,
  sync_all,
};

// Thread-safe.  Counts every call and fails those that the fault names.  Nothing is really synced: what a test proves
// is the order of the calls and what is made of their errors, and it shall be quick.
class FaultFilesystem final : public Filesystem {
 public:
  struct Fault {
    uint64_t from = 1, to = UINT64_MAX;  // numbers of the calls that fail, the first call is 1
    int error = EIO;
    std::optional<Call> only;     // of this kind; then only such calls are counted
    std::string path;             // … or on names that contain this
    bool writes_in_part = false;  // a failing write leaves its first half
  };

  // Files that are being recorded grow no more, what they have can be overwritten.
  std::atomic<bool> full{false};

  // Counting begins again.
  void set(Fault fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
    counted_ = failed_ = 0;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    fault_.reset();
  }
  // Calls since the last set() that the fault applied to, and how many of them failed.
  uint64_t counted() const {
    const std::lock_guard lock(mutex_);
    return counted_;
  }
  uint64_t failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  // Names under which files were shown to the world whose last sync had failed.
  std::vector<std::string> named_unsynced() const {
    const std::lock_guard lock(mutex_);
    return named_unsynced_;
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_dirs(const std::string& p) override {
    return guarded(Call::make_dirs, p, [&] { return real_.make_dirs(p); });
  }
  Status rename_no_replace(const std::string& a, const std::string& b) override {
    return guarded(Call::rename, a, [&] {
      Status done = real_.rename_no_replace(a, b);
      const std::lock_guard lock(mutex_);
      if (done && unsynced_.erase(a) > 0) named_unsynced_.push_back(b);
      return done;
    });
  }
  Status unlink(const std::string& p) override {
    return guarded(Call::unlink, p, [&] {
      Status done = real_.unlink(p);
      const std::lock_guard lock(mutex_);
      if (done) unsynced_.erase(p);
      return done;
    });
  }
  Status remove_dir(const std::string& p) override {
    return guarded(Call::remove_dir, p, [&] { return real_.remove_dir(p); });
  }
  Status sync_dir(const std::string& p) override {
    return guarded(Call::sync_dir, p, [] { return Status{}; });
  }
  Status sync_all(const std::string& p) override {
    return guarded(Call::sync_all, p, [] { return Status{}; });
  }

  // For files: the error that this call is to meet, 0 for none.
  int meet(Call call, const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (fault_ && ((fault_->only && *fault_->only != call) || path.find(fault_->path) == std::string::npos)) return 0;
    counted_++;
    if (!fault_ || counted_ < fault_->from || counted_ > fault_->to) return 0;
    failed_++;
    return fault_->error;
  }
  bool writes_in_part() const {
    const std::lock_guard lock(mutex_);
    return fault_ && fault_->writes_in_part;
  }
  void sync_failed(const std::string& path) {
    const std::lock_guard lock(mutex_);
    unsynced_.insert(path);
  }

 private:
  Status guarded(Call call, const std::string& path, const std::function<Status()>& real) {
    if (const int error = meet(call, path)) return fail(os_error(error, "cannot change '" + path + "'"));
    return real();
  }

  PosixFilesystem real_;
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  uint64_t counted_ = 0, failed_ = 0;
  std::set<std::string> unsynced_;
  std::vector<std::string> named_unsynced_;
};

class FaultFile final : public File {
 public:
  FaultFile(std::unique_ptr<File> real, FaultFilesystem& fs)
      : real_(std::move(real)), fs_(fs), media_(path().ends_with(".part")) {}

  Status write_at(uint64_t o, ByteSpan d) override {
    const iovec part{const_cast<uint8_t*>(d.data()), d.size()};
    return write_at(o, std::span<const iovec>(&part, 1));
  }
  Status write_at(uint64_t o, std::span<const iovec> p) override {
    uint64_t bytes = 0;
    for (const iovec& part : p) bytes += part.iov_len;
    if (grows(o, bytes)) return failed(ENOSPC);
    if (const int error = fs_.meet(Call::write, path())) {
      if (fs_.writes_in_part() && !p.empty())
        (void)real_->write_at(o, ByteSpan{static_cast<const uint8_t*>(p[0].iov_base), p[0].iov_len / 2});
      return failed(error);
    }
    return real_->write_at(o, p);
  }
  Status append(ByteSpan d) override {
    if (const int error = fs_.meet(Call::append, path())) {
      if (fs_.writes_in_part()) (void)real_->append(d.first(d.size() / 2));
      return failed(error);
    }
    return real_->append(d);
  }
  Result<size_t> read_at(uint64_t o, std::span<uint8_t> d) override {
    if (const int error = fs_.meet(Call::read, path())) return fail(failed(error).error());
    return real_->read_at(o, d);
  }
  Result<uint64_t> size() override {
    if (const int error = fs_.meet(Call::size, path())) return fail(failed(error).error());
    return real_->size();
  }
  Status truncate(uint64_t s) override {
    if (const int error = fs_.meet(Call::truncate, path())) return failed(error);
    return real_->truncate(s);
  }
  Status allocate(uint64_t o, uint64_t l) override {
    if (grows(o, l)) return failed(ENOSPC);
    if (const int error = fs_.meet(Call::allocate, path())) return failed(error);
    return real_->allocate(o, l);
  }
  Status sync_data() override {
    const int error = fs_.meet(Call::sync_data, path());
    if (!error) return {};
    fs_.sync_failed(path());
    return failed(error);
  }
  void start_writeback(uint64_t o, uint64_t l) override { real_->start_writeback(o, l); }
  Result<bool> try_lock() override {
    if (const int error = fs_.meet(Call::lock, path())) return fail(failed(error).error());
    return real_->try_lock();
  }
  Status lock() override {
    if (const int error = fs_.meet(Call::lock, path())) return failed(error);
    return real_->lock();
  }
  void unlock() override { real_->unlock(); }
  Status close() override {
    const int error = fs_.meet(Call::close, path());
    Status closed = real_->close();  // whatever close(2) says, the descriptor is gone
    return error ? failed(error) : closed;
  }
  int fd() const override { return real_->fd(); }
  const std::string& path() const override { return real_->path(); }

 private:
  bool grows(uint64_t offset, uint64_t bytes) {
    return fs_.full && media_ && offset + bytes > real_->size().value_or(0);
  }
  Status failed(int error) const { return fail(os_error(error, "cannot use '" + path() + "'")); }

  std::unique_ptr<File> real_;
  FaultFilesystem& fs_;
  const bool media_;
};

inline Result<std::unique_ptr<File>> FaultFilesystem::open(const std::string& path, OpenMode mode) {
  if (const int error = meet(Call::open, path)) return fail(os_error(error, "cannot open '" + path + "'"));
  CBX_ASSIGN(auto real, real_.open(path, mode));
  return std::unique_ptr<File>(new FaultFile(std::move(real), *this));
}

}  // namespace cbx::test
