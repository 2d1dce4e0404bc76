#include "base/time_range.h"

namespace cbx {

WallMs start_of_day(WallMs t, UtcOffset offset) {
  return WallMs{std::chrono::floor<std::chrono::days>(t + offset.minutes())} - offset.minutes();
}

}  // namespace cbx
