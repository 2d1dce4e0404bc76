#include "prune/clock_guard.h"

#include <fmt/format.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace cbx::prune {
namespace {

constexpr Millis kBack = std::chrono::minutes{1};
constexpr Millis kDrift = std::chrono::hours{1};
constexpr Millis kAhead = std::chrono::days{7};
constexpr Millis kDay = std::chrono::days{1};

std::string path_of(const store::Store& store) {
  return store.root() + "/prune.json";
}

std::string length(Millis m) {
  const int64_t minutes = std::abs(m.count()) / 60'000;
  if (minutes < 120) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h", minutes / 60);
  return fmt::format("{} days", minutes / 1440);
}

}  // namespace

Result<std::optional<LastRun>> load_last_run(const store::Store& store) {
  const auto text = read_file(path_of(store), 64 << 10);
  if (!text && text.error().os_error() == ENOENT) return std::optional<LastRun>{};
  if (!text) return fail(text.error());
  const auto bad = fail(ErrorCode::data, fmt::format("'{}' is damaged", path_of(store)));
  const auto j = nlohmann::json::parse(*text, nullptr, false);
  if (!j.is_object()) return bad;
  const auto time_of = [&](const char* name) -> std::optional<WallMs> {
    const auto it = j.find(name);
    if (it == j.end() || !it->is_string()) return std::nullopt;
    const auto t = parse_rfc3339(it->get<std::string>());
    return t ? std::optional{*t} : std::nullopt;
  };
  LastRun run;
  const auto time = time_of("time");
  if (!time || !j.contains("boot") || !j["boot"].is_string() || !j.contains("boottime_ms") ||
      !j["boottime_ms"].is_number_integer())
    return bad;
  run.time = *time;
  run.boot = j["boot"].get<std::string>();
  run.boottime = Millis{j["boottime_ms"].get<int64_t>()};
  run.unfinished_since = time_of("unfinished_since");
  return std::optional{run};
}

Status save_last_run(const store::Store& store, const LastRun& run) {
  nlohmann::ordered_json j{
      {"time", format_rfc3339(run.time)}, {"boot", run.boot}, {"boottime_ms", run.boottime.count()}};
  if (run.unfinished_since) j["unfinished_since"] = format_rfc3339(*run.unfinished_since);
  return replace_file(path_of(store), j.dump() + "\n", 0644);
}

ClockReading read_clock(const Clock& clock) {
  ClockReading reading;
  reading.time = floor_ms(clock.wall());
  // Files of /proc have no size that read_file() could go by.
  if (FILE* file = std::fopen("/proc/sys/kernel/random/boot_id", "re")) {
    char text[64] = {};
    if (std::fgets(text, sizeof text, file)) reading.boot = text;
    std::fclose(file);
  }
  while (!reading.boot.empty() && reading.boot.back() == '\n') reading.boot.pop_back();
  timespec up{};
  if (::clock_gettime(CLOCK_BOOTTIME, &up) == 0)
    reading.boottime = Millis{int64_t{up.tv_sec} * 1000 + up.tv_nsec / 1'000'000};
  timex state{};
  reading.synchronised = ::adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
  return reading;
}

Result<std::optional<std::string>> doubt(const std::optional<LastRun>& last, const ClockReading& now,
                                         const ClockEvidence& evidence) {
  const std::string is = format_rfc3339(now.time);
  const auto why = [](std::string text) { return std::optional{std::move(text)}; };
  if (now.time < evidence.store_made - kBack)
    return why(fmt::format("it is {}, but the store was made {}", is, format_rfc3339(evidence.store_made)));
  if (!last) {
    if (evidence.newest_file && *evidence.newest_file > now.time + kDay)
      return why(fmt::format("it is {}, but a file was recorded {}", is, format_rfc3339(*evidence.newest_file)));
    return std::optional<std::string>{};
  }
  const std::string then = format_rfc3339(last->time);
  const Millis passed = now.time - last->time;
  if (passed < -kBack)
    return why(fmt::format("it is {}, but the last run was {}: the clock went back by {}", is, then, length(passed)));
  if (!now.boot.empty() && now.boot == last->boot) {
    const Millis jump = passed - (now.boottime - last->boottime);
    // A virtual machine that was paused knows only by its synchronised clock (setting it by hand takes that mark off)
    // that time went on.
    const bool caught_up = jump > Millis{0} && passed <= kAhead && now.synchronised;
    if (std::chrono::abs(jump) > kDrift && !caught_up)
      return why(fmt::format("since the last run ({}) {} passed, but the clock says {}", then,
                             length(now.boottime - last->boottime), length(passed)));
    return std::optional<std::string>{};
  }
  if (passed <= kAhead || now.synchronised) return std::optional<std::string>{};
  // Nobody pruned, but the recorder was at work all the time: then the time has passed.
  CBX_ASSIGN(const bool recorded, evidence.recorded_since(last->time, kAhead));
  if (recorded) return std::optional<std::string>{};
  return why(
      fmt::format("it is {}, {} after the last run; the machine was started since, nothing was recorded "
                  "meanwhile, and its clock is not synchronised",
                  is, length(passed)));
}

}  // namespace cbx::prune
