#include "index/forecast.h"

#include <algorithm>

namespace cbx::index {
namespace {

constexpr double kDayMs = 86'400'000;
// A camera that has just come is judged by no less.
constexpr Millis kShortest{std::chrono::hours{1}};

double days(Millis m) {
  return static_cast<double>(m.count()) / kDayMs;
}

}  // namespace

Result<DeviceForecast> forecast_device(Index& index, const std::string& device, std::optional<Millis> keep,
                                       WallMs now) {
  DeviceForecast f;
  f.device = device;
  CBX_ASSIGN(const StoredTotal all, index.total(device, {WallMs{}, now + Millis{1}}));
  f.bytes = all.bytes;
  f.files = all.files;
  if (!all.first) return f;
  f.age = now - *all.first;
  CBX_ASSIGN(const StoredTotal week, index.total(device, {now - kForecastFrom, now + Millis{1}}));
  if (week.files > 0) {
    f.judged_by = std::clamp(f.age, kShortest, kForecastFrom);
    f.bytes_per_day = static_cast<double>(week.bytes) / days(f.judged_by);
  }
  if (keep) f.steady_bytes = static_cast<int64_t>(f.bytes_per_day * days(*keep));
  return f;
}

std::optional<double> days_until_full(const std::vector<DeviceForecast>& devices, int64_t available,
                                      std::optional<Millis> keep) {
  // Each device grows steadily until its day comes: (that day, its rate), by day.
  std::vector<std::pair<double, double>> ends;
  double rate = 0;
  for (const auto& d : devices) {
    if (d.bytes_per_day <= 0 || (keep && d.age >= *keep)) continue;
    rate += d.bytes_per_day;
    if (keep) ends.emplace_back(days(*keep - d.age), d.bytes_per_day);
  }
  std::sort(ends.begin(), ends.end());
  double left = static_cast<double>(available), at = 0;
  for (const auto& [day, less] : ends) {
    if (rate > 0 && left / rate <= day - at) break;
    left -= rate * (day - at);
    at = day;
    rate -= less;
  }
  if (rate <= 1) return std::nullopt;
  return at + std::max(0.0, left) / rate;
}

}  // namespace cbx::index
