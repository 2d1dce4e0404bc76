#include <fmt/format.h>

#include "base/log.h"
#include "base/utf8.h"
#include "state/secrets.h"
#include "state/state.h"

namespace cbx::state {
namespace {

constexpr size_t kGeneratedLength = 24;

}  // namespace

Result<std::string> generate_key() {
  return random_letters(kGeneratedLength);
}

Status check_key(std::string_view key) {
  if (key.size() < 10 || key.size() > 79)
    return fail(ErrorCode::data, fmt::format("the key has {} characters; SRT wants 10 to 79", key.size()));
  for (const char c : key)
    if (c < 0x21 || c > 0x7e)
      return fail(ErrorCode::data,
                  "the key holds a space or a character outside printable ASCII, which cameras' "
                  "settings and addresses cannot carry reliably");
  return {};
}

Status check_nickname(std::string_view nickname) {
  if (!is_utf8(nickname) || display_width(nickname) > 64 || nickname.size() > 256)
    return fail(ErrorCode::data, "a nickname is UTF-8 text of at most 64 columns");
  if (printable(nickname) != nickname)
    return fail(ErrorCode::data, fmt::format("nickname '{}' holds control characters", printable(nickname)));
  if (!nickname.empty() && (nickname.front() == ' ' || nickname.back() == ' '))
    return fail(ErrorCode::data, fmt::format("nickname '{}' starts or ends with a space", nickname));
  if (nickname.find_first_of("*?[]\\") != std::string_view::npos)
    return fail(ErrorCode::data, fmt::format("nickname '{}' would be taken for a pattern: no * ? [ ] or \\", nickname));
  if (nickname.substr(0, 4) == "tag:")
    return fail(ErrorCode::data, fmt::format("nickname '{}' would be taken for a tag", nickname));
  return {};
}

Status check_tag(std::string_view tag) {
  bool good = !tag.empty() && tag.size() <= 64 && is_utf8(tag) && printable(tag) == tag;
  for (const char c : tag) good = good && c != ' ' && c != ',' && c != ':' && c != '*' && c != '?' && c != '[';
  if (good) return {};
  return fail(ErrorCode::data, fmt::format("'{}' is no tag: up to 64 bytes of text without space , : * ? [",
                                           printable(tag.substr(0, 80))));
}

}  // namespace cbx::state
