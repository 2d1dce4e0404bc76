#include "base/crash_point.h"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace cbx {
namespace {

struct Plan {
  std::string name;
  std::atomic<long> left{1};

  Plan() {
    const char* text = std::getenv("CBX_CRASH_AT");
    if (!text) return;
    name = text;
    const size_t colon = name.rfind(':');
    if (colon == std::string::npos) return;
    long n = 1;
    std::from_chars(name.data() + colon + 1, name.data() + name.size(), n);
    left = n;
    name.resize(colon);
  }
};

Plan& the_plan() {
  static Plan plan;
  return plan;
}

}  // namespace

bool crash_armed(std::string_view name) {
  return name == the_plan().name;
}

void crash_point(std::string_view name) {
  Plan& plan = the_plan();
  if (plan.name.empty() || name != plan.name || --plan.left > 0) return;
  // As the kernel's out-of-memory killer would: nothing is flushed, no destructor runs, no handler sees it.
  (void)::kill(::getpid(), SIGKILL);
  ::pause();
}

}  // namespace cbx
