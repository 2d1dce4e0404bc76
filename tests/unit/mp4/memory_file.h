// A file in memory that keeps a log of its writes and can fail or be cut at any byte.
#pragma once

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace cbx::test {

class MemoryFile final : public File {
 public:
  struct Write {
    uint64_t offset;
    Bytes data;
    bool truncate = false;  // to `offset`
  };
  MemoryFile() = default;
  explicit MemoryFile(Bytes content) : bytes(std::move(content)) {}

  Bytes bytes;
  std::vector<Write> log;
  std::optional<uint64_t> room;  // bytes the disk has in all; then ENOSPC

  Status write_at(uint64_t offset, ByteSpan data) override {
    uint64_t n = data.size();
    if (room && offset + n > *room) n = *room > offset ? *room - offset : 0;
    if (offset + n > bytes.size()) bytes.resize(offset + n);
    std::copy_n(data.begin(), n, bytes.begin() + static_cast<ptrdiff_t>(offset));
    log.push_back({offset, Bytes(data.begin(), data.begin() + static_cast<ptrdiff_t>(n)), false});
    if (n < data.size()) return fail(ErrorCode::io, "cannot write 'memory': no space left", ENOSPC);
    return {};
  }
  Status write_at(uint64_t offset, std::span<const iovec> parts) override {
    Bytes all;
    for (const iovec& p : parts) {
      const auto* b = static_cast<const uint8_t*>(p.iov_base);
      all.insert(all.end(), b, b + p.iov_len);
    }
    return write_at(offset, ByteSpan(all));
  }
  Status append(ByteSpan data) override { return write_at(bytes.size(), data); }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) override {
    if (offset >= bytes.size()) return size_t{0};
    const size_t n = std::min<size_t>(data.size(), bytes.size() - offset);
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(offset), n, data.begin());
    return n;
  }
  Result<uint64_t> size() override { return bytes.size(); }
  Status truncate(uint64_t size) override {
    log.push_back({size, {}, true});
    bytes.resize(size);
    return {};
  }
  Status allocate(uint64_t offset, uint64_t length) override {
    if (offset + length > bytes.size()) bytes.resize(offset + length);
    return {};
  }
  Status sync_data() override { return {}; }
  void start_writeback(uint64_t, uint64_t) override {}
  Result<bool> try_lock() override { return true; }
  Status lock() override { return {}; }
  void unlock() override {}
  Status close() override { return {}; }
  int fd() const override { return -1; }
  const std::string& path() const override { return path_; }

 private:
  std::string path_ = "memory";
};

}  // namespace cbx::test
