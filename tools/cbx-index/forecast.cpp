#include "index/forecast.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "store/reserve.h"

namespace cbx::index_tool {
namespace {

struct Options {
  std::vector<std::string> words;
  std::string keep = "30d";
};

using Json = nlohmann::ordered_json;

std::string per_day(double bytes) {
  return cli::human_bytes(std::llround(bytes)) + "/d";
}

Result<int> forecast(const cli::Tool& tool, const Options& options) {
  std::optional<Millis> keep;
  if (options.keep != "forever") {
    CBX_ASSIGN(keep, cli::parse_duration(options.keep));
  }
  CBX_ASSIGN(auto session, Session::open(tool));
  CBX_ASSIGN(const Selection selection, select(session, options.words));
  if (selection.range) return fail(ErrorCode::usage, "forecast takes no range: it looks at the last 7 days");
  CBX_ASSIGN(const auto disk, store::disk_space(session.store.media_path()));
  std::vector<index::DeviceForecast> devices;
  index::DeviceForecast sum;
  for (const auto& id : selection.devices) {
    CBX_ASSIGN(auto f, index::forecast_device(session.index, id, keep, session.now));
    sum.bytes += f.bytes;
    sum.files += f.files;
    sum.bytes_per_day += f.bytes_per_day;
    sum.steady_bytes += f.steady_bytes;
    devices.push_back(std::move(f));
  }
  const auto full = index::days_until_full(devices, disk.available, keep);
  const int64_t room = sum.bytes + disk.available;
  cli::Output out;
  cli::Table table(out,
                   {{"DEVICE"},
                    {"STORED", cli::Align::right},
                    {"SHARE", cli::Align::right},
                    {"RATE", cli::Align::right},
                    {"JUDGED BY", cli::Align::right},
                    {"AT " + options.keep, cli::Align::right},
                    {"ALONE FULL IN", cli::Align::right}},
                   tool.color(1));
  const auto in_days = [](const std::optional<double>& d) { return d ? fmt::format("{:.1f} days", *d) : "never"; };
  for (const auto& d : devices) {
    const double share = sum.bytes > 0 ? 100.0 * static_cast<double>(d.bytes) / static_cast<double>(sum.bytes) : 0;
    const auto alone = index::days_until_full({d}, disk.available, keep);
    if (tool.json()) {
      Json j{{"v", 1},
             {"type", "forecast"},
             {"device", d.device},
             {"files", d.files},
             {"bytes", d.bytes},
             {"share_percent", std::round(share * 100) / 100},
             {"bytes_per_day", std::llround(d.bytes_per_day)},
             {"judged_by_ms", d.judged_by.count()}};
      if (keep) j["steady_bytes"] = d.steady_bytes;
      if (alone) j["days_until_full"] = std::round(*alone * 100) / 100;
      out.line(j.dump());
    } else {
      table.row({d.device, cli::human_bytes(d.bytes), fmt::format("{:.1f}%", share), per_day(d.bytes_per_day),
                 d.judged_by.count() > 0 ? cli::human_duration(d.judged_by) : "-",
                 keep ? cli::human_bytes(d.steady_bytes) : "-", in_days(alone)});
    }
  }
  table.finish();
  if (tool.json()) {
    Json j{{"v", 1},
           {"type", "forecast"},
           {"files", sum.files},
           {"bytes", sum.bytes},
           {"bytes_per_day", std::llround(sum.bytes_per_day)},
           {"disk_bytes", disk.total},
           {"available_bytes", disk.available}};
    if (keep) j["keep_ms"] = keep->count(), j["steady_bytes"] = sum.steady_bytes;
    if (full) j["days_until_full"] = std::round(*full * 100) / 100;
    out.line(j.dump());
  } else {
    out.line(fmt::format("stored {}, free {}, growing by {}", cli::human_bytes(sum.bytes),
                         cli::human_bytes(disk.available), per_day(sum.bytes_per_day)));
    if (full)
      out.line(
          fmt::format("full in {}, on {}", in_days(full),
                      cli::human_time(session.now + Millis{static_cast<int64_t>(std::min(*full, 36500.0) * 86.4e6)},
                                      session.store.utc_offset())
                          .substr(0, 10)));
    if (keep)
      out.line(fmt::format("{}pruned at {} it comes to {} of {}", full ? "" : "never full: ", options.keep,
                           cli::human_bytes(sum.steady_bytes), cli::human_bytes(room)));
    else if (!full)
      out.line("never full: nothing was recorded in the last 7 days");
  }
  CBX_TRY(out.flush());
  return 0;
}

}  // namespace

void add_forecast(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("forecast", "Say when the disk will be full, from the last week's rates");
  sub->add_option("device", o->words, "Id, nickname, tag:NAME or glob (all, unless given)")->type_name("[DEVICE]");
  sub->add_option("--keep", o->keep, "What cbx-prune is run with, or forever")
      ->type_name("DURATION")
      ->capture_default_str();
  sub->callback([&tool, choose, o] { choose([&tool, o] { return forecast(tool, *o); }); });
}

}  // namespace cbx::index_tool
