// state.db: what no file can tell.  Today: the devices that may publish, their keys and tags.
//
// Keys are SRT passphrases and stay recoverable (the listener needs the passphrase itself), so the file has mode 0600
// and a commit survives a power cut.  See cbx-store(5), cbx-account(1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cbx::state {

struct Device {
  std::string id;        // never changes
  std::string nickname;  // for people; may be empty; unique among devices when it is not
  std::string key;       // SRT passphrase, 10 to 79 printable ASCII characters; empty: may publish without encryption
  int key_bits = 128;    // AES key length that addresses for this device ask for: 128 or 256
  std::vector<std::string> tags;  // sorted
  bool enabled = true;
  WallMs created{};
  bool operator==(const Device&) const = default;
};

// What a new device has to satisfy; errors are `data` and never show the key.
Status check_key(std::string_view key);
Status check_nickname(std::string_view nickname);
Status check_tag(std::string_view tag);

// 24 characters of an alphabet without look-alikes (0 o 1 l i), from the kernel's random generator: 118 bits.
Result<std::string> generate_key();

// An open state.db.  Move-only; one per thread, any number per machine.  Writes are BEGIN IMMEDIATE and wait for each
// other; errors: no_input (no such device or file), cannot_create (id or nickname taken), data (a field is bad or the
// file is damaged), try_again (locked for longer than the busy timeout).
class State {
 public:
  // `create` makes the file (0600, given to the owner of its folder when root makes it).
  static Result<State> open(const std::string& path, bool create);
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  // Sorted by id.
  Result<std::vector<Device>> devices();
  Result<std::optional<Device>> device(std::string_view id);
  Status add_device(const Device& device);
  Status remove_device(std::string_view id);
  Status rename_device(std::string_view id, std::string_view nickname);
  // Empty: no key.
  Status set_key(std::string_view id, std::string_view key, int key_bits);
  Status set_enabled(std::string_view id, bool enabled);
  Status tag_device(std::string_view id, std::span<const std::string> add, std::span<const std::string> remove);

  // A number that differs after every commit by any process, also after a restore.  Cheap: ask it once a second.
  Result<int64_t> change_counter();

  // A copy of one moment as a single file of mode 0600, put in place whole.  An existing `to` is an error
  // (cannot_create) without `force`.
  Status backup(const std::string& to, bool force);
  // Checks `from` (right kind, version, integrity), then makes it the state at `path`; processes that have `path`
  // open see the change.  An existing `path` is an error (cannot_create) without `force`.
  static Status restore(const std::string& from, const std::string& path, bool force);

 private:
  struct Impl;
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::state
