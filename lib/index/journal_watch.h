// Which journals grow, from inotify(7): a hint that saves looking at all of them.  Writes over a network mount are not
// seen; whoever uses this looks at everything now and then as well.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/file.h"
#include "store/store.h"

namespace cbx::index {

class JournalWatch {
 public:
  static Result<JournalWatch> create(const store::Store& store);
  int fd() const { return fd_.get(); }
  // Watches what is new since the last call: devices, today's and yesterday's folders and their journals.
  void refresh(WallMs now);
  // Takes the waiting events; the journals that changed, relative to media.  `folders` is set when a folder appeared
  // (refresh() then finds what is in it) or events were lost.
  std::set<std::string> take(bool& folders);

 private:
  JournalWatch(UniqueFd fd, store::Store store) : fd_(std::move(fd)), store_(std::move(store)) {}
  bool watch(const std::string& relative, uint32_t mask);

  UniqueFd fd_;
  store::Store store_;
  std::map<int, std::string> paths_;  // by watch descriptor, relative to media
  std::map<std::string, int> watches_;
};

}  // namespace cbx::index
