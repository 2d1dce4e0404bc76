// The bytes of a file where the kernel keeps them, to be sent without being copied first.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace cbx {

// A file mapped for reading.  Only system calls may read from it, send(2) for one: where the file has become shorter
// they fail with EFAULT, while the process itself would be ended by SIGBUS.  Thread-safe.
class FileMap {
 public:
  // Of the file's first `size` bytes, of which some may still have to be written.  Null where that can't be had: the
  // address space is small, or the file system has no such thing.
  static std::shared_ptr<const FileMap> make(int fd, uint64_t size);
  ~FileMap();
  FileMap(const FileMap&) = delete;
  FileMap& operator=(const FileMap&) = delete;

  uint64_t size() const { return size_; }
  // Null when not all of it is mapped.
  const uint8_t* at(uint64_t offset, uint64_t size) const {
    return offset > size_ || size > size_ - offset ? nullptr : data_ + offset;
  }

 private:
  FileMap(const uint8_t* data, uint64_t size) : data_(data), size_(size) {}
  const uint8_t* const data_;
  const uint64_t size_;
};

}  // namespace cbx
