// A camera as state.db knows it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cbx::state {

struct Device {
  std::string id;        // never changes
  std::string nickname;  // for people; may be empty; one owner's differ when they are given
  std::string key;       // SRT passphrase, 10 to 79 printable ASCII characters; empty: may publish without encryption
  int key_bits = 128;    // AES key length that addresses for this device ask for: 128 or 256
  std::vector<std::string> tags;  // sorted
  bool enabled = true;
  WallMs created{};
  std::string owner{};  // login name; empty: nobody's but the admins'
  bool operator==(const Device&) const = default;
};

// What a new device has to satisfy; errors are `data` and never show the key.
Status check_key(std::string_view key);
Status check_nickname(std::string_view nickname);
Status check_tag(std::string_view tag);

// 24 characters of an alphabet without look-alikes (0 o 1 l i), from the kernel's random generator: 118 bits.
Result<std::string> generate_key();

}  // namespace cbx::state
