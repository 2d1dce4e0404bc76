#include "base/file_map.h"

#include <sys/mman.h>

namespace cbx {

std::shared_ptr<const FileMap> FileMap::make(int fd, uint64_t size) {
  // Hundreds of large files would not fit into 32 bits.
  if (sizeof(void*) < 8 || size == 0) return nullptr;
  void* const data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return nullptr;
  // Reading ahead as read(2) does, also when many readers jump about in it.
  (void)madvise(data, size, MADV_SEQUENTIAL);
  return std::shared_ptr<const FileMap>(new FileMap(static_cast<const uint8_t*>(data), size));
}

FileMap::~FileMap() {
  munmap(const_cast<uint8_t*>(data_), size_);
}

}  // namespace cbx
