// What requests name: times and stretches of addresses, ids, cursors, queries.  The input's lines are texts to parse
// and, in pairs, names and values of a query.
#include "base/log.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "web/query.h"
#include "web/when.h"

namespace {

using namespace cbx;

const web::TimeWords kWords{UtcOffset{std::chrono::minutes{9 * 60}}, *parse_rfc3339("2026-11-20T08:01:00.033Z")};

bool can_be_told(WallMs t) {
  return kEarliest <= t && t <= kLatest;
}

template <typename T>
void check_error(const Result<T>& result, ErrorCode code) {
  if (result) return;
  CBX_CHECK(result.error().code() == code);
  CBX_CHECK(fuzz::is_clean(result.error().message()) && result.error().message().size() < 1000);
}

void texts(const std::string& text) {
  const auto instant = web::parse_instant(text, kWords);
  check_error(instant, ErrorCode::usage);
  if (instant) CBX_CHECK(can_be_told(*instant));
  const auto span = web::parse_span(text, kWords);
  check_error(span, ErrorCode::usage);
  if (span) CBX_CHECK(can_be_told(span->from) && can_be_told(span->to) && !span->empty());
  // What is taken is what is given out, and nothing that only looks like it.
  if (const auto id = web::parse_segment_id(text)) CBX_CHECK(can_be_told(*id) && web::segment_id(*id) == text);
  if (const auto at = web::parse_cursor(text)) CBX_CHECK(can_be_told(*at) && web::make_cursor(*at) == text);
  const auto file = web::parse_file_id(text);
  check_error(file, ErrorCode::no_input);
  if (file) CBX_CHECK(web::segment_id(*file) == text);
  const auto init = web::parse_init_name(text);
  check_error(init, ErrorCode::no_input);
  if (init) CBX_CHECK(text.starts_with(init->id));
  const auto stretch = web::parse_stretch(text);
  check_error(stretch, ErrorCode::no_input);
  if (stretch)
    CBX_CHECK(stretch->from < stretch->to &&
              std::to_string(stretch->from) + "-" + std::to_string(stretch->to) + ".m4s" == text);
}

void when(const std::string& text) {
  static const fuzz::Scratch scratch;
  static const auto store = store::Store::init(scratch.path(), kWords.offset, std::nullopt);
  CBX_CHECK(store.has_value());
  const auto parsed = web::parse_when(text, *store, kWords.now, std::chrono::days(31));
  check_error(parsed, ErrorCode::usage);
  if (parsed && !parsed->live)
    CBX_CHECK(!parsed->range.empty() && parsed->range.length() <= Millis{std::chrono::days(31)});
}

void query(const http::Request& request) {
  static const std::vector<std::string> kNames{"from", "to", "range", "limit", "cursor", "dry_run"};
  const auto checked = web::Query::check(request, kNames);
  check_error(checked, ErrorCode::usage);
  if (!checked) return;
  const TimeRange otherwise{kWords.now - Millis{1000}, kWords.now};
  const auto range = checked->range(kWords, otherwise, std::chrono::days(31));
  check_error(range, ErrorCode::usage);
  if (range) CBX_CHECK(!range->empty() && range->length() <= Millis{std::chrono::days(31)});
  const auto limit = checked->limit(10, 100);
  check_error(limit, ErrorCode::usage);
  if (limit) CBX_CHECK(*limit >= 1 && *limit <= 100);
  check_error(checked->cursor(), ErrorCode::usage);
  check_error(checked->flag("dry_run"), ErrorCode::usage);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest = as_string({data, size});
  // Requests are UTF-8 when handlers see them.
  if (!is_utf8(rest)) return 0;
  std::vector<std::string> lines;
  while (!rest.empty() && lines.size() < 12) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  http::Request request;
  for (const auto& line : lines) {
    texts(line);
    when(line);
  }
  for (size_t i = 0; i + 1 < lines.size(); i += 2) request.query.emplace_back(lines[i], lines[i + 1]);
  query(request);
  return 0;
}
