// How fast the store grows, and when the disk will be full.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "index/index.h"

namespace cbx::index {

// The rate is taken from so long before now.
constexpr Millis kForecastFrom{std::chrono::days{7}};

struct DeviceForecast {
  std::string device;
  int64_t bytes = 0, files = 0;  // stored now
  double bytes_per_day = 0;      // over the last week, or over as much of it as there is
  Millis judged_by{};            // that stretch; 0: nothing was recorded in the last week
  Millis age{};                  // of its oldest file
  // What it comes to once nothing is older than `keep`; without `keep` 0.
  int64_t steady_bytes = 0;
};
Result<DeviceForecast> forecast_device(Index& index, const std::string& device, std::optional<Millis> keep, WallMs now);

// When the disk with `available` bytes left will be full; nullopt: never.  A device grows until its oldest file is
// `keep` old, for ever without it.
std::optional<double> days_until_full(const std::vector<DeviceForecast>& devices, int64_t available,
                                      std::optional<Millis> keep);

}  // namespace cbx::index
