// SHA-256 while bytes pass by, and of the recorded files that a cut is made of.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "cut/cut.h"
#include "cut/media_dir.h"

namespace cbx::cut {

// Not thread-safe.
class Digest {
 public:
  Digest();
  void update(ByteSpan data);
  // 64 hex digits.  Once.
  Result<std::string> finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
  bool ok_ = false;
};

// Reads a whole source again.
Result<std::string> hash_source(const store::Store& store, const Source& source);

}  // namespace cbx::cut
