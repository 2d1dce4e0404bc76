// What people write: times, ranges, durations, sizes, devices, configuration files; and text of strangers in general.
// The first byte chooses the store's offset and the time that it is now.
#include <sys/mman.h>

#include "base/log.h"
#include "base/utf8.h"
#include "cli/config_file.h"
#include "cli/selector.h"
#include "cli/times.h"
#include "fuzz.h"

namespace {

using namespace cbx;

void times(std::string_view text, const cli::TimeContext& context) {
  const auto time = cli::parse_time(text, context);
  if (!time) CBX_CHECK(time.error().code() == ErrorCode::usage && fuzz::is_clean(time.error().message()));
  if (time) (void)format_rfc3339(*time);
  const auto range = cli::parse_range(text, context);
  if (!range) CBX_CHECK(range.error().code() == ErrorCode::usage && fuzz::is_clean(range.error().message()));
  if (range) {
    CBX_CHECK(range->from < range->to && range->length() > Millis{0});
    CBX_CHECK(range->to <= kLatest + std::chrono::hours{24 * 366 * 101});
    // Written out in full it is the same range.
    if (range->from >= WallMs{} && range->to <= kLatest) {
      const auto again = cli::parse_range(format_rfc3339(range->from) + ".." + format_rfc3339(range->to), context);
      CBX_CHECK(again && *again == *range);
    }
  }
  if (const auto t = parse_rfc3339(text)) {
    CBX_CHECK(*t >= WallMs{} && *t <= kLatest);
    const auto again = parse_rfc3339(format_rfc3339(*t));
    CBX_CHECK(again && *again == *t);
  }
  if (const auto offset = UtcOffset::parse(text)) CBX_CHECK(*UtcOffset::parse(offset->format()) == *offset);
  if (const auto d = cli::parse_duration(text)) CBX_CHECK(*d >= Millis{0});
  if (const auto s = cli::parse_size(text)) CBX_CHECK(*s >= 0);
  const std::string kept = cli::protect_relative_time(text);
  CBX_CHECK(kept == text || kept == "now" + std::string(text));
}

void utf8(std::string_view text) {
  bool good = true;
  for (std::string_view rest = text; good && !rest.empty();) {
    const size_t n = utf8_sequence_length(rest);
    CBX_CHECK(n <= 4 && n <= rest.size());
    good = n > 0;
    rest.remove_prefix(n);
  }
  CBX_CHECK(good == is_utf8(text));
  CBX_CHECK(display_width(text) <= 2 * text.size());
  const std::string shown = printable(text);
  CBX_CHECK(is_utf8(shown) && fuzz::is_clean(shown));
}

void devices(std::string_view text) {
  static const std::vector<cli::SelectableDevice> kDevices = {
      {"cam01", "front door", {"taxi", "seoul"}},
      {std::string(64, 'a'), std::string(64, 'b'), {}},
      {"a-b_c-d_e-f_g-h", "Ünïcödé * [x]", {"*"}},
  };
  const auto ids = cli::select_devices(text, kDevices);
  if (!ids) CBX_CHECK(ids.error().code() == ErrorCode::no_input && fuzz::is_clean(ids.error().message()));
  if (ids) CBX_CHECK(!ids->empty() && ids->size() <= kDevices.size());
}

void config(std::string_view text) {
  static const int fd = ::memfd_create("config", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  CBX_CHECK(::ftruncate(fd, 0) == 0 && ::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  CLI::App app;
  std::string root, length;
  std::vector<std::string> listen;
  bool verbose = false;
  app.add_option("--root", root);
  app.add_option("--length", length);
  app.add_option("--listen", listen);
  app.add_flag("--verbose", verbose);
  app.add_subcommand("add")->add_option("--watch", root);
  cli::ConfigValues values;
  const Status loaded = values.load(path, true, "cbx-x", app);
  if (!loaded) {
    CBX_CHECK(loaded.error().code() == ErrorCode::config);
    CBX_CHECK(fuzz::is_clean(loaded.error().message()));
    return;
  }
  try {
    app.parse("");
  } catch (const CLI::Error&) {
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(as_string({data + 1, size - 1}));
  static const WallMs kNows[] = {*parse_rfc3339("2026-11-20T08:01:00.033Z"), *parse_rfc3339("1970-01-01T00:00:00Z"),
                                 *parse_rfc3339("2028-02-29T23:59:59.999Z"), kLatest};
  const cli::TimeContext context{UtcOffset{std::chrono::minutes{(data[0] >> 2) % 37 * 60 - 18 * 60}},
                                 kNows[data[0] & 3]};
  if (text.size() <= 512) times(text, context);
  utf8(text);
  devices(text);
  config(text);
  return 0;
}
