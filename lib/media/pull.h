// Pulls a live stream from a URL of the operator's (rtsp, rtmp, http, https; HLS over http) and gives it out as an
// MPEG transport stream, which is what the recorder takes.  Nothing is decoded or re-encoded.
//
// The URL is trusted, what it answers is not: protocols and demuxers are white-listed by the URL's scheme, so that a
// playlist can't name a file or another kind of address.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace cbx::media {

struct PullOptions {
  Millis open_timeout{15000};
  Millis read_timeout{15000};  // without a packet: "silent"
  std::function<bool()> stop;  // asked often, also inside blocking calls, on the pulling thread
};

struct PullEnd {
  // As in the connection.close record: "peer_closed", "peer_lost", "silent", "shutdown", "reader_closed".
  std::string cause;
  std::string detail;  // never holds the URL
  uint64_t bytes = 0;  // of transport stream given out
};

// Whether Puller takes such a URL (by its scheme).
bool can_pull(std::string_view url);
// Scheme, host and port of a URL, for messages: user, password, path and query may be secrets.
std::string public_url(std::string_view url);

// Not thread-safe.
class Puller {
 public:
  // Connects and finds the streams.  Errors: usage for an unknown scheme, permission when the peer wants other
  // credentials, no_input when it has no such stream, data when nothing of it can be carried, try_again when `stop`
  // said so, else unavailable.  Messages name public_url() only.
  static Result<Puller> open(const std::string& url, PullOptions options);
  Puller(Puller&&) noexcept;
  Puller& operator=(Puller&&) noexcept;
  ~Puller();

  // For the operator: what is left out, and why.
  const std::vector<std::string>& notices() const;

  // Copies until something ends it.  `write` gets the transport stream in pieces of at most 64 KiB; an error from it
  // ends the pull ("reader_closed", its message the detail).
  PullEnd run(const std::function<Status(ByteSpan)>& write);

 private:
  struct Impl;
  explicit Puller(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::media
