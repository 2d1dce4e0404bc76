// --progress: a line per camera on the terminal, redrawn in place once a second.
#pragma once

#include <map>
#include <string>

#include "base/time.h"
#include "segment/session.h"

namespace cbx::tool {

// Not thread-safe.  Draws nothing when stderr is no terminal.
class Progress {
 public:
  Progress(const Clock& clock, bool wanted, bool color);
  ~Progress();
  // Call a few times a second.
  void draw(const segment::Session& session);

 private:
  void clear();

  const Clock& clock_;
  const bool on_, color_;
  Monotonic last_{};
  size_t drawn_ = 0;
  std::map<std::string, uint64_t> bytes_;
};

}  // namespace cbx::tool
