// ROOT/.reserve: room that is given up when the disk is full to the last byte, because deleting needs a little of it
// (the journal's tombstones, SQLite's log).  Where media lies on another disk, that one has its own, media/.reserve.
//
// Given up piece by piece, as the recorder beside it will take what it can get: who deletes takes a quarter, who only
// wants to read what a database needs to be opened.  Filled by one process at a time (whoever holds the store's pruning
// lock, or makes the store).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace cbx::store {

struct DiskSpace {
  int64_t total = 0, available = 0;  // bytes, to us: without what is reserved for root when we aren't root
};
Result<DiskSpace> disk_space(const std::string& path);

class Reserve {
 public:
  explicit Reserve(const Store& store);

  // Allocates what is missing of each reserve: 32 MiB, at most 1 % of the disk, and only where four times as much would
  // be left.  Errors are those of the disk; a file system that can't allocate is none.
  Status fill();
  // How much fill() would allocate on the disk of `media` if there was room.
  int64_t missing() const;
  // Gives up a quarter of what the reserves hold at most, and no more than `most` bytes of each.  False when there is
  // nothing left to give.
  bool give(int64_t most = INT64_MAX);
  // Gives up a quarter where so little is left that deleting may fail; called before the first write.
  void give_if_needed();

 private:
  struct Place {
    std::string folder, path;
  };
  std::vector<Place> places_;
};

// Whether an error means that there was no room.
bool is_no_space(const Error& error);

}  // namespace cbx::store
