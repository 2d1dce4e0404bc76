#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "index/coverage.h"

namespace cbx::index_tool {
namespace {

using Json = nlohmann::ordered_json;
constexpr Millis kDay = std::chrono::hours{24};

TimeRange today(const Session& session) {
  const WallMs from = start_of_day(session.now, session.store.utc_offset());
  return {from, from + kDay};
}

Result<int> gaps(const cli::Tool& tool, const std::vector<std::string>& words) {
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const Selection selection, select(session, words));
  const TimeRange range = selection.range.value_or(today(session));
  cli::Output out;
  cli::Table table(out, {{"DEVICE"}, {"FROM"}, {"TO"}, {"LENGTH", cli::Align::right}, {"CAUSE"}, {"DETAIL"}},
                   tool.color(1));
  bool any = false;
  const UtcOffset offset = session.store.utc_offset();
  for (const auto& device : selection.devices) {
    CBX_ASSIGN(const auto found, index::find_gaps(session.index, device, range, session.now));
    for (const auto& gap : found) {
      any = true;
      if (tool.json()) {
        GapRecord r;
        r.device = device;
        r.start = gap.range.from;
        r.duration_ms = gap.range.length().count();
        r.cause = gap.cause;
        r.detail = gap.detail;
        out.line(to_line(r));
      } else {
        table.row({device, cli::human_time(gap.range.from, offset), cli::human_time(gap.range.to, offset),
                   cli::human_duration(gap.range.length()), gap.cause, gap.detail});
      }
    }
  }
  table.finish();
  CBX_TRY(out.flush());
  return any ? 1 : 0;
}

struct DayCoverage {
  TimeRange day;  // the part of the day that was asked for
  Millis covered{};
  std::vector<TimeRange> spans;
};

std::string percent(const DayCoverage& day) {
  const double share =
      static_cast<double>(day.covered.count()) / static_cast<double>(std::max<int64_t>(day.day.length().count(), 1));
  // 100 % is said only of what is whole.
  return fmt::format("{:.2f}", day.covered >= day.day.length() ? 100.0 : std::min(share * 100, 99.99));
}

Json to_json(const std::string& device, const DayCoverage& day, UtcOffset offset) {
  Json spans = Json::array();
  for (const auto& span : day.spans)
    spans.push_back({{"start", format_rfc3339(span.from)}, {"duration_ms", span.length().count()}});
  return {{"v", 1},
          {"type", "coverage"},
          {"device", device},
          {"day", format_day(day.day.from, offset)},
          {"from", format_rfc3339(day.day.from)},
          {"to", format_rfc3339(day.day.to)},
          {"covered_ms", day.covered.count()},
          {"percent", std::stod(percent(day))},
          {"spans", std::move(spans)}};
}

std::string span_list(const DayCoverage& day, UtcOffset offset) {
  constexpr size_t kMost = 4;
  std::string text;
  for (size_t i = 0; i < day.spans.size() && i < kMost; i++) {
    const auto& span = day.spans[i];
    // The end of the day reads 24:00:00.
    const bool midnight = span.to == start_of_day(span.to, offset);
    text += fmt::format("{}{}..{}", text.empty() ? "" : " ", cli::human_time(span.from, offset).substr(11),
                        midnight ? "24:00:00" : cli::human_time(span.to, offset).substr(11));
  }
  if (day.spans.size() > kMost) text += fmt::format(" and {} more", day.spans.size() - kMost);
  return text;
}

Result<int> coverage(const cli::Tool& tool, const std::vector<std::string>& words) {
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const Selection selection, select(session, words));
  TimeRange range = selection.range.value_or(today(session));
  range.to = std::min(range.to, session.now);
  const UtcOffset offset = session.store.utc_offset();
  cli::Output out;
  cli::Table table(out, {{"DEVICE"}, {"DAY"}, {"COVERED", cli::Align::right}, {"%", cli::Align::right}, {"SPANS"}},
                   tool.color(1));
  for (const auto& device : selection.devices) {
    for (WallMs midnight = start_of_day(range.from, offset); midnight < range.to; midnight += kDay) {
      DayCoverage day;
      day.day = TimeRange{midnight, midnight + kDay}.clipped_to(range);
      CBX_ASSIGN(day.spans, index::covered_spans(session.index, device, day.day, session.now));
      for (const auto& span : day.spans) day.covered += span.length();
      if (tool.json())
        out.line(to_json(device, day, offset).dump());
      else
        table.row({device, format_day(midnight, offset), cli::human_duration(day.covered), percent(day),
                   span_list(day, offset)});
    }
  }
  table.finish();
  CBX_TRY(out.flush());
  return 0;
}

}  // namespace

void add_gaps(cli::Tool& tool, const Choose& choose) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto* sub = tool.app().add_subcommand("gaps", "List what is missing, and why (today, unless a range is given)");
  add_selection(sub, *words);
  sub->callback([&tool, choose, words] { choose([&tool, words] { return gaps(tool, *words); }); });
}

void add_coverage(cli::Tool& tool, const Choose& choose) {
  auto words = std::make_shared<std::vector<std::string>>();
  auto* sub = tool.app().add_subcommand("coverage", "Show how much of each day is there (today, unless given)");
  add_selection(sub, *words);
  sub->callback([&tool, choose, words] { choose([&tool, words] { return coverage(tool, *words); }); });
}

}  // namespace cbx::index_tool
