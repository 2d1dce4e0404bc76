// Who may publish: the table of devices, the limits, and the decision about each caller.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>

#include "srt/stream_id.h"

namespace cbx::srt {

// What the gate knows of a device.
struct DeviceAccess {
  std::string key;  // SRT passphrase (10 to 79 characters); empty: no encryption asked for
  bool enabled = true;
};
using AccessTable = std::unordered_map<std::string, DeviceAccess>;

struct GateOptions {
  bool admit_unknown = false;  // --register auto
  bool require_encryption = false;
  std::string default_key;     // of devices that have none of their own; may be empty
  std::string default_device;  // of callers without a stream id (empty refuses them); known without a table
  size_t max_connections = 1000;
  size_t max_per_address = 200;
  size_t max_silent = 500;  // connected and nothing received yet
};

// A caller that may come in.
struct Admission {
  std::string device;
  std::string key;  // that it must encrypt with; empty: it must not encrypt
};

// Thread-safe: admit() runs on libsrt's receiver threads and never blocks on more than a short lock; the rest is called
// by the program's own loop.
class Gate {
 public:
  explicit Gate(GateOptions options);

  // Replaces the table at once.
  void replace(std::shared_ptr<const AccessTable> table);
  std::shared_ptr<const AccessTable> table() const;

  // Decides about a caller at `host` that sent `stream_id`.
  tl::expected<Admission, Refusal> admit(std::string_view stream_id, const std::string& host) const;
  // Whether a connection that was let in with `admission` would still be.
  bool still_valid(const Admission& admission) const;

  // What limit one more connection from `host` would break.  To be asked again when a connection is accepted: several
  // handshakes may have passed since the last one was counted.
  std::optional<Refusal> over_limit(const std::string& host) const;

  // Counts connections for the limits.
  void opened(const std::string& host);
  void spoke();  // the first data of one of them came
  void closed(const std::string& host, bool had_spoken);
  // From now on everybody is refused with `conflict` (--once has its publisher).
  void shut();

 private:
  std::optional<Refusal> check_limits(const std::string& host) const;  // under mutex_

  const GateOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AccessTable> table_;
  size_t connections_ = 0, silent_ = 0;
  std::unordered_map<std::string, size_t> per_host_;
  bool shut_ = false;
};

}  // namespace cbx::srt
