// A file system in memory, fast enough for a whole recorder a thousand times a second.
#pragma once

#include <cerrno>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/file.h"

namespace cbx::fuzz {

// Thread-safe as the real one is.  Folders are there when they are needed.
class MemoryFilesystem final : public Filesystem {
 public:
  struct Node {
    std::mutex mutex;
    std::condition_variable unlocked;
    bool locked = false;
    Bytes bytes;
  };

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_dirs(const std::string&) override { return {}; }
  Status rename_no_replace(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    const auto it = nodes_.find(from);
    if (it == nodes_.end()) return fail(os_error(ENOENT, "cannot rename '" + from + "'"));
    if (nodes_.contains(to)) return fail(os_error(EEXIST, "cannot rename '" + from + "'"));
    nodes_[to] = it->second;
    nodes_.erase(from);
    return {};
  }
  Status unlink(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (nodes_.erase(path) == 0) return fail(os_error(ENOENT, "cannot remove '" + path + "'"));
    return {};
  }
  Status remove_dir(const std::string&) override { return {}; }
  Status sync_dir(const std::string&) override { return {}; }
  Status sync_all(const std::string&) override { return {}; }

  // For the checks when nobody writes any more.
  const std::map<std::string, std::shared_ptr<Node>>& nodes() const { return nodes_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Node>> nodes_;
};

class MemoryNodeFile final : public File {
 public:
  MemoryNodeFile(std::shared_ptr<MemoryFilesystem::Node> node, std::string path)
      : node_(std::move(node)), path_(std::move(path)) {}
  ~MemoryNodeFile() override { unlock(); }
  Status write_at(uint64_t offset, ByteSpan data) override {
    const std::lock_guard lock(node_->mutex);
    if (offset + data.size() > node_->bytes.size()) node_->bytes.resize(offset + data.size());
    std::copy(data.begin(), data.end(), node_->bytes.begin() + static_cast<ptrdiff_t>(offset));
    return {};
  }
  Status write_at(uint64_t offset, std::span<const iovec> parts) override {
    for (const iovec& p : parts) {
      CBX_TRY(write_at(offset, ByteSpan(static_cast<const uint8_t*>(p.iov_base), p.iov_len)));
      offset += p.iov_len;
    }
    return {};
  }
  Status append(ByteSpan data) override {
    const std::lock_guard lock(node_->mutex);
    node_->bytes.insert(node_->bytes.end(), data.begin(), data.end());
    return {};
  }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) override {
    const std::lock_guard lock(node_->mutex);
    if (offset >= node_->bytes.size()) return size_t{0};
    const size_t n = std::min<size_t>(data.size(), node_->bytes.size() - offset);
    std::copy_n(node_->bytes.begin() + static_cast<ptrdiff_t>(offset), n, data.begin());
    return n;
  }
  Result<uint64_t> size() override {
    const std::lock_guard lock(node_->mutex);
    return node_->bytes.size();
  }
  Status truncate(uint64_t size) override {
    const std::lock_guard lock(node_->mutex);
    node_->bytes.resize(size);
    return {};
  }
  Status allocate(uint64_t offset, uint64_t length) override {
    const std::lock_guard lock(node_->mutex);
    if (offset + length > node_->bytes.size()) node_->bytes.resize(offset + length);
    return {};
  }
  Status sync_data() override { return {}; }
  void start_writeback(uint64_t, uint64_t) override {}
  Result<bool> try_lock() override {
    const std::lock_guard lock(node_->mutex);
    if (!mine_ && node_->locked) return false;
    return node_->locked = mine_ = true;
  }
  Status lock() override {
    std::unique_lock lock(node_->mutex);
    node_->unlocked.wait(lock, [&] { return mine_ || !node_->locked; });
    node_->locked = mine_ = true;
    return {};
  }
  void unlock() override {
    if (!mine_) return;
    {
      const std::lock_guard lock(node_->mutex);
      node_->locked = mine_ = false;
    }
    node_->unlocked.notify_one();
  }
  Status close() override {
    unlock();
    return {};
  }
  int fd() const override { return -1; }
  const std::string& path() const override { return path_; }

 private:
  std::shared_ptr<MemoryFilesystem::Node> node_;
  std::string path_;
  bool mine_ = false;
};

inline Result<std::unique_ptr<File>> MemoryFilesystem::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  auto it = nodes_.find(path);
  if (mode == OpenMode::create_new && it != nodes_.end()) return fail(os_error(EEXIST, "cannot create '" + path + "'"));
  if ((mode == OpenMode::read || mode == OpenMode::read_write) && it == nodes_.end())
    return fail(os_error(ENOENT, "cannot open '" + path + "'"));
  if (it == nodes_.end()) it = nodes_.emplace(path, std::make_shared<Node>()).first;
  return std::unique_ptr<File>(new MemoryNodeFile(it->second, path));
}

}  // namespace cbx::fuzz
