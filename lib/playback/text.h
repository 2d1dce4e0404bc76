// Playlists are long and made anew for each who asks: numbers go straight into the text.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "base/time.h"

namespace cbx::playback {

class Text {
 public:
  explicit Text(size_t about) { text_.reserve(about); }

  Text& operator<<(std::string_view s) {
    text_.append(s);
    return *this;
  }
  Text& operator<<(int64_t v) {
    char digits[24];
    text_.append(digits, std::to_chars(digits, digits + sizeof(digits), v).ptr);
    return *this;
  }
  // The {id} of a file in addresses.
  Text& operator<<(WallMs t) { return *this << int64_t{t.time_since_epoch().count()}; }
  // 6006 → "6.006"
  Text& seconds(int64_t ms) {
    *this << ms / 1000 << ".";
    const auto rest = static_cast<int>(ms % 1000);
    const char digits[] = {static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
    text_.append(digits, sizeof(digits));
    return *this;
  }
  std::string_view view() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace cbx::playback
