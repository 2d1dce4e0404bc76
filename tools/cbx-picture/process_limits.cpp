#include "process_limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace cbx::picture {
namespace {

constexpr rlim_t kCpuSeconds = 20;
// A picture of 8192 × 8192 in ten bits, its references and its copy.
constexpr rlim_t kMemory = rlim_t{2} << 30;

template <typename Resource>
void limit(Resource what, rlim_t most) {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return;
  const rlimit wanted{std::min(most, now.rlim_max), std::min(most, now.rlim_max)};
  (void)::setrlimit(what, &wanted);
}

}  // namespace

void limit_this_process() {
  limit(RLIMIT_CPU, kCpuSeconds);
  limit(RLIMIT_CORE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, kMemory);  // sanitizers map terabytes that they never use
#endif
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  errno = 0;
  (void)!::nice(10);
}

}  // namespace cbx::picture
