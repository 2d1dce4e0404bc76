#include "web/device_ids.h"

#include "base/device_id.h"
#include "state/device.h"

namespace cbx::web {
namespace {

constexpr size_t kShortest = 3, kLongest = 32, kRandom = 6;
constexpr int kTries = 8;

// What of the text may stand in an id, with one '-' for whatever else is between.
std::string letters_of(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
      gap = !out.empty();
      continue;
    }
    if (out.size() + (gap ? 2 : 1) > kLongest) break;
    if (std::exchange(gap, false)) out += '-';
    out += static_cast<char>(upper ? c + 32 : c);
  }
  return out;
}

}  // namespace

Result<std::string> make_device_id(std::string_view nickname,
                                   const std::function<Result<bool>(std::string_view)>& is_free) {
  const std::string name = letters_of(nickname);
  for (int i = 0; i < kTries; i++) {
    std::string id = name;
    if (id.size() < kShortest || i > 0) {
      CBX_ASSIGN(const std::string random, state::generate_key());
      id = (id.size() < kShortest ? "cam" : id) + "-" + random.substr(0, kRandom);
    }
    CBX_ASSIGN(const bool free, is_free(id));
    if (free && is_device_id(id)) return id;
  }
  return fail(ErrorCode::try_again, "no id was free for the camera: give one in 'device'");
}

}  // namespace cbx::web
