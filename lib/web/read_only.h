// An open descriptor as the File that lib/mp4 reads from (private to lib/web).
#pragma once

#include <string>

#include "base/file.h"

namespace cbx::web {

// Owns nothing and changes nothing; cheap to make.
class ReadOnly final : public File {
 public:
  ReadOnly(int fd, const std::string& path) : fd_(fd), path_(path) {}

  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) override;
  Result<uint64_t> size() override;
  Status write_at(uint64_t, ByteSpan) override { return refuse(); }
  Status write_at(uint64_t, std::span<const iovec>) override { return refuse(); }
  Status append(ByteSpan) override { return refuse(); }
  Status truncate(uint64_t) override { return refuse(); }
  Status allocate(uint64_t, uint64_t) override { return refuse(); }
  Status sync_data() override { return refuse(); }
  void start_writeback(uint64_t, uint64_t) override {}
  Result<bool> try_lock() override { return fail(ErrorCode::internal, "read only"); }
  Status lock() override { return refuse(); }
  void unlock() override {}
  Status close() override { return {}; }
  int fd() const override { return fd_; }
  const std::string& path() const override { return path_; }

 private:
  static Status refuse() { return fail(ErrorCode::internal, "read only"); }
  int fd_;
  const std::string& path_;
};

}  // namespace cbx::web
