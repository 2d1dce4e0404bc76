#include "base/device_id.h"

#include <fmt/format.h>

#include "base/log.h"

namespace cbx {

bool is_device_id(std::string_view t) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (t.empty() || t.size() > 64 || !alnum(t[0])) return false;
  for (char c : t)
    if (!alnum(c) && c != '_' && c != '-') return false;
  return true;
}

Result<std::string> check_device_id(std::string_view text) {
  if (is_device_id(text)) return std::string(text);
  return fail(ErrorCode::data, fmt::format("'{}' is no device id: 1 to 64 of a-z 0-9 _ -, the first a letter or digit",
                                           printable(text.substr(0, 80))));
}

}  // namespace cbx
