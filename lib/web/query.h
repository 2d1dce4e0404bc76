// What requests ask for, checked: nothing that is misspelt is passed over in silence.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time_range.h"
#include "http/message.h"

namespace cbx::web {

// What times without an offset, and words such as `today`, mean.
struct TimeWords {
  UtcOffset offset;  // the store's
  WallMs now{};
};

// An instant as cbx-index(1) takes it: RFC 3339, a day, now, -2h.  Error `usage`.
Result<WallMs> parse_instant(std::string_view text, const TimeWords& words);
// A..B, A.. or a day, of the same.  Error `usage`.
Result<TimeRange> parse_span(std::string_view text, const TimeWords& words);

// A segment's id within its device: its start in milliseconds since 1970, as URLs of media have it.
std::string segment_id(WallMs start);
// Nothing but what segment_id() writes; else nullopt.
std::optional<WallMs> parse_segment_id(std::string_view text);

// Where the next page begins.  Opaque to those who are given it; means the same however much is added or deleted.
std::string make_cursor(WallMs from);
std::optional<WallMs> parse_cursor(std::string_view text);

// The query of a request.  Errors are `usage` and say what to do.
class Query {
 public:
  // Refuses names that are not among `known`, and names that come twice.  Keeps a reference to the request.
  static Result<Query> check(const http::Request& request, std::span<const std::string> known);

  std::optional<std::string_view> text(std::string_view name) const { return request_->query_value(name); }
  // `range`, or `from` and `to`: a day as `to` is its end; without `to` up to now.  At most `longest` long.
  Result<TimeRange> range(const TimeWords& words, TimeRange otherwise, std::optional<Millis> longest) const;
  // `limit`, from 1 to `most`.
  Result<size_t> limit(size_t otherwise, size_t most) const;
  Result<std::optional<WallMs>> cursor() const;
  // "", 1 and true; 0 and false; without it false.
  Result<bool> flag(std::string_view name) const;

 private:
  explicit Query(const http::Request& request) : request_(&request) {}
  const http::Request* request_;
};

}  // namespace cbx::web
