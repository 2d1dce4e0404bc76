// Deleting all that is recorded of one device for good, also while a recorder writes it.
#pragma once

#include <functional>
#include <string>

#include "base/file.h"
#include "index/index.h"

namespace cbx::index {

struct Erasure {
  WallMs now{};
  std::string reason, who;                                  // of the deletions, as in Removal
  std::function<bool()> make_room{};                        // as in Removal
  std::function<bool()> stop{};                             // asked between steps; true: leave the rest
  std::function<void(const std::string& what)> complain{};  // about what could not be deleted or read
};

struct Erased {
  int64_t files = 0, bytes = 0;
  int64_t failures = 0;  // files that are still there because of an error
  int64_t in_use = 0;    // files that a recorder writes, or has finished in the last seconds: they are still there
  bool stopped = false;
  bool complete() const { return failures == 0 && in_use == 0 && !stopped; }
};

// One pass: what the device's journals know is read into the index; whatever the index has of the device goes by the
// one deletion (Remover), pinned or not; then files that no journal knows, and half-written ones that nobody writes any
// more.  Journals, and with them the tombstones, stay.  A pass that was interrupted is finished by another one; it
// takes one more, too, when files were in use.  Errors as Remover's.
Result<Erased> erase_device(Filesystem& fs, Index& index, const std::string& device, const Erasure& order);

}  // namespace cbx::index
