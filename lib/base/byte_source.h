// Bytes that can be read from any place on, wherever they come from: a file, several, or made while they are read.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"

namespace cbx {

// Immutable, and thread-safe: reading twice gives the same bytes.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // Reads up to data.size() bytes, at least one unless `offset` is at or behind the end.
  virtual Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const = 0;
};

}  // namespace cbx
