#include "moments.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cli/times.h"

namespace cbx::account {
namespace {

constexpr const char* kForms = "'+30d', '+1h30m', 2026-12-31 or any other time to come";

}  // namespace

Result<WallMs> parse_until(const std::string& text, const store::Store& store, WallMs now) {
  const std::string shown = printable(text.substr(0, 80));
  if (text.starts_with('+')) {
    const auto length = cli::parse_duration(text.substr(1));
    if (!length || length->count() == 0 || *length > kLatest - now)
      return fail(ErrorCode::usage, fmt::format("'{}' is no time to come: {}", shown, kForms));
    return now + *length;
  }
  CBX_ASSIGN(const WallMs until, cli::parse_time(text, {store.utc_offset(), now}));
  if (until <= now) return fail(ErrorCode::usage, fmt::format("'{}' has passed: {}", shown, kForms));
  return until;
}

}  // namespace cbx::account
