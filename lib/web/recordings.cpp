#include "web/recordings.h"

#include <fmt/format.h>

namespace cbx::web {
namespace {

// A file that began before the range may reach into it; none is longer.
constexpr auto kLongestFile = std::chrono::minutes(15);

}  // namespace

Result<std::string> version_of(const Opened& opened, TimeRange range) {
  CBX_ASSIGN(const index::StoredTotal total,
             opened.index().total(opened.device(), {range.from - kLongestFile, range.to}));
  const auto ms = [](const std::optional<WallMs>& t) { return t ? t->time_since_epoch().count() : 0; };
  return fmt::format("{}/{}/{}/{}", total.files, total.bytes, ms(total.first), ms(total.last));
}

Error index_trouble(const Error& error, const Logger& log) {
  if (error.code() == ErrorCode::no_input || error.code() == ErrorCode::usage) return error;
  log.warn("{}", error.message());
  if (error.code() == ErrorCode::try_again) return {ErrorCode::try_again, "the index of the recordings is busy"};
  return {ErrorCode::try_again, "the index of the recordings cannot be read ('cbx-verify --rebuild' makes it anew)"};
}

}  // namespace cbx::web
