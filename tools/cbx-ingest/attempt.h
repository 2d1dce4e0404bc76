// One try to fetch a stream: over SRT by libsrt, otherwise by libavformat on a thread of its own.
#pragma once

#include <memory>
#include <string>

#include "source.h"

namespace cbx::ingest {

// Goes on by itself.  Not thread-safe.
class Attempt {
 public:
  virtual ~Attempt() = default;
  // The connection once it is up, null while it isn't, an Error when it can't be.
  virtual Result<std::unique_ptr<Source>> poll(Monotonic now) = 0;
  // Whom it reaches: never with what may be a secret in the URL.
  virtual std::string peer() const = 0;
};

// srt://, rtsp://, rtmp://, http:// and https:// URLs of the operator's.
struct Target {
  std::string url;
  std::string protocol;    // the URL's scheme
  std::string passphrase;  // of SRT, may be empty
};
Result<Target> check_target(const std::string& url, std::string passphrase);
Result<std::unique_ptr<Attempt>> start_attempt(const Target& target);

}  // namespace cbx::ingest
