// A recording as it goes on, as one fragmented MP4: an init segment, then the recorder's own fragments with their times
// moved onto one time line without gaps.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "index/index.h"

namespace cbx::cut {

// Not thread-safe.
class Follower {
 public:
  using Sink = std::function<Status(ByteSpan)>;
  struct Step {
    bool any = false;  // something was written
    // The tracks or their configuration are others from `at` on: the end.  "from H.264 320x240 to H.264 640x480"
    std::optional<std::string> changed;
    WallMs at{};
  };

  // From the key frame before `from` on, or from the first there is after it.
  static Result<Follower> create(index::Index& index, std::string_view device, WallMs from);
  Follower(Follower&&) noexcept;
  Follower& operator=(Follower&&) noexcept;
  ~Follower();

  // Hands over whole fragments that have become readable, a few at a time; never waits.
  Result<Step> step(const Sink& sink);
  bool started() const;

 private:
  struct Impl;
  explicit Follower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::cut
