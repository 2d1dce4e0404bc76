#include "index/note.h"

#include <fmt/format.h>

#include "base/log.h"
#include "store/journal.h"

namespace cbx::index {

Status check_event_kind(std::string_view kind) {
  if (!kind.empty() && kind.size() <= 32 &&
      kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == kind.npos)
    return {};
  return fail(ErrorCode::usage, fmt::format("'{}' is no kind of event: shock, motion, sos, parking, mark, or a "
                                            "lower-case word of your own",
                                            printable(kind.substr(0, 64))));
}

Status check_text(std::string_view what, std::string_view text) {
  if (text.size() > kLongestText)
    return fail(ErrorCode::usage, fmt::format("{} is longer than {} bytes", what, kLongestText));
  for (const char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
      return fail(ErrorCode::usage, fmt::format("{} has control characters in it", what));
  return {};
}

Status note(Filesystem& fs, Index& index, const Record& record) {
  CBX_TRY(store::append_journal(fs, index.store(), {&record, 1}));
  CBX_TRY(index.apply({&record, 1}));
  return {};
}

}  // namespace cbx::index
