// What state.db calls the cameras.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "state/state.h"
#include "store/store.h"

namespace cbx::web {

struct DeviceName {
  std::string nickname;
  std::vector<std::string> tags;
  bool enabled = true;
  std::string owner;  // login name; may be empty
};
using DeviceNames = std::map<std::string, DeviceName, std::less<>>;

// Thread-safe.  Read again when state.db has changed; never holds a key.
class Names {
 public:
  explicit Names(store::Store store) : store_(std::move(store)) {}
  // Empty when there is no state.db, or it can't be read: names are an ornament.
  std::shared_ptr<const DeviceNames> get();

 private:
  Result<std::shared_ptr<const DeviceNames>> read();

  const store::Store store_;
  std::mutex mutex_;
  std::optional<state::State> state_;
  int64_t change_ = 0;
  std::shared_ptr<const DeviceNames> names_;
};

}  // namespace cbx::web
