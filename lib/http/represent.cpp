// Conditional and range requests: RFC 9110, 13 and 14.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "http/date.h"
#include "http/message.h"

namespace cbx::http {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether a list of entity tags, or "*", names `etag` (13.1.1).  `weak`: W/"x" is as good as "x".
bool names_etag(std::string_view list, std::string_view etag, bool weak) {
  if (trim(list) == "*") return true;
  while (!etag.empty() && !list.empty()) {
    const size_t start = list.find('"');
    const size_t end = start == std::string_view::npos ? start : list.find('"', start + 1);
    if (end == std::string_view::npos) return false;
    const bool is_weak = start >= 2 && list.substr(start - 2, 2) == "W/";
    if ((weak || !is_weak) && list.substr(start + 1, end - start - 1) == etag) return true;
    list.remove_prefix(end + 1);
  }
  return false;
}

WallMs whole_seconds(WallMs time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

WallMs now() {
  return floor_ms(SystemClock().wall());
}

std::optional<WallMs> date_header(const Request& request, std::string_view name) {
  const auto value = request.header(name);
  return value ? parse_http_date(trim(*value), now()) : std::nullopt;
}

// 13.2.2: 412, 304, or 0 when the request shall be answered as usual.
int precondition(const Request& request, const Representation& what) {
  const bool reading = request.method == Method::get || request.method == Method::head;
  if (const auto match = request.header("if-match")) {
    if (!names_etag(*match, what.etag, false)) return 412;
  } else if (const auto since = date_header(request, "if-unmodified-since"); since && what.modified) {
    if (whole_seconds(*what.modified) > *since) return 412;
  }
  if (const auto match = request.header("if-none-match")) {
    if (names_etag(*match, what.etag, true)) return reading ? 304 : 412;
  } else if (const auto since = date_header(request, "if-modified-since"); since && what.modified && reading) {
    if (whole_seconds(*what.modified) <= *since) return 304;
  }
  return 0;
}

// 13.1.5: whether the range may be answered.
bool if_range_holds(const Request& request, const Representation& what) {
  const auto value = request.header("if-range");
  if (!value) return true;
  const std::string_view text = trim(*value);
  if (text.starts_with('"'))
    return text.size() >= 2 && !what.etag.empty() && text.substr(1, text.size() - 2) == what.etag &&
           text.ends_with('"');
  const auto time = parse_http_date(text, now());
  return time && what.modified && whole_seconds(*what.modified) == *time;
}

struct ByteRange {
  uint64_t first = 0, size = 0;
};
enum class RangeKind { ignore, one, unsatisfiable, too_many };

// More than that at once are refused (15.5.17); those who copy a file by its parts ask for one after the other.
constexpr size_t kMostRanges = 16;

// A number that is too large to be one is the largest.
std::optional<uint64_t> parse_number(std::string_view digits) {
  if (digits.empty() || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() ? value : UINT64_MAX;
}

// One of a set: "0-99", "100-", "-50".
RangeKind parse_spec(std::string_view spec, uint64_t size, ByteRange& range) {
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return RangeKind::ignore;
  const auto last = parse_number(spec.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!last) return RangeKind::ignore;
    if (*last == 0) return RangeKind::unsatisfiable;
    if (size == 0) return RangeKind::ignore;  // all of nothing has no Content-Range
    range.size = std::min(*last, size);
    range.first = size - range.size;
    return RangeKind::one;
  }
  const auto first = parse_number(spec.substr(0, dash));
  const bool open_end = dash + 1 == spec.size();
  if (!first || (!last && !open_end) || (last && *last < *first)) return RangeKind::ignore;
  if (*first >= size) return RangeKind::unsatisfiable;
  range.first = *first;
  range.size = last ? std::min(*last - *first, size - 1 - *first) + 1 : size - *first;
  return RangeKind::one;
}

// Of several ranges that can be had the whole is given instead, as 14.2 leaves to the server: players and download
// managers ask for one at a time, and who asks for several must be ready for a 200.
RangeKind parse_range(std::string_view text, uint64_t size, ByteRange& range) {
  text = trim(text);
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return RangeKind::ignore;
  std::string unit(trim(text.substr(0, equals)));
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return static_cast<char>(tolower(c)); });
  if (unit != "bytes") return RangeKind::ignore;
  size_t count = 0, satisfiable = 0;
  RangeKind kind = RangeKind::ignore;
  for (std::string_view set = text.substr(equals + 1);;) {
    const size_t comma = std::min(set.find(','), set.size());
    // A list may have empty elements (5.6.1).
    if (const std::string_view spec = trim(set.substr(0, comma)); !spec.empty()) {
      kind = parse_spec(spec, size, range);
      if (kind == RangeKind::ignore) return kind;
      count++;
      satisfiable += kind == RangeKind::one ? 1 : 0;
    }
    if (comma == set.size()) break;
    set.remove_prefix(comma + 1);
  }
  if (count > kMostRanges) return RangeKind::too_many;
  if (count > 1) return satisfiable > 0 ? RangeKind::ignore : RangeKind::unsatisfiable;
  return kind;
}

// A stretch of another source.
class Stretch final : public ByteSource {
 public:
  Stretch(std::shared_ptr<const ByteSource> source, ByteRange range) : source_(std::move(source)), range_(range) {}
  uint64_t size() const override { return range_.size; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const override {
    if (offset >= range_.size) return 0;
    return source_->read_at(range_.first + offset, data.first(std::min<uint64_t>(data.size(), range_.size - offset)));
  }

 private:
  std::shared_ptr<const ByteSource> source_;
  ByteRange range_;
};

struct Cut {
  ByteRange range;
  Body operator()(std::monostate) const { return {}; }
  Body operator()(const std::string& text) const { return text.substr(range.first, range.size); }
  Body operator()(const std::shared_ptr<const std::string>& text) const {
    return text->substr(range.first, range.size);
  }
  Body operator()(const FileBody& body) const {
    return FileBody{body.file, body.offset + range.first, range.size, body.map};
  }
  Body operator()(const std::shared_ptr<const ByteSource>& source) const {
    return std::make_shared<const Stretch>(source, range);
  }
};

void add_validators(const Representation& what, Response& response) {
  if (!what.etag.empty()) response.with("ETag", "\"" + what.etag + "\"");
  if (what.modified) response.with("Last-Modified", format_http_date(*what.modified));
  if (!what.cache_control.empty()) response.with("Cache-Control", what.cache_control);
}

}  // namespace

Response represent(const Request& request, Representation what) {
  const int refused = precondition(request, what);
  if (refused == 412) return problem(412, "it has changed, or was not there");
  Response response;
  add_validators(what, response);
  if (refused == 304) {
    response.status = 304;
    response.body = std::move(what.body);  // for its size; nothing of it is sent
    return response;
  }
  response.with("Accept-Ranges", "bytes");
  ByteRange range;
  RangeKind kind = RangeKind::ignore;
  const auto wanted = request.header("range");
  // HEAD has no range (14.2), but is answered with the headers that GET would have.
  if (wanted && request.method == Method::get && if_range_holds(request, what))
    kind = parse_range(*wanted, what.size, range);
  if (kind == RangeKind::unsatisfiable || kind == RangeKind::too_many)
    return problem(416, kind == RangeKind::too_many ? std::string("too many ranges at once: ask for one at a time")
                                                    : fmt::format("there are {} bytes", what.size))
        .with("Content-Range", fmt::format("bytes */{}", what.size));
  if (!what.type.empty()) response.with("Content-Type", what.type);
  if (!what.disposition.empty()) response.with("Content-Disposition", what.disposition);
  if (kind == RangeKind::one) {
    response.status = 206;
    response.with("Content-Range", fmt::format("bytes {}-{}/{}", range.first, range.first + range.size - 1, what.size));
    response.body = std::visit(Cut{range}, what.body);
  } else {
    response.body = std::move(what.body);
  }
  return response;
}

}  // namespace cbx::http
