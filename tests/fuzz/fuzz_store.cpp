// The small files and names of a store.  The first byte chooses: names, store.json, the cursor of `cbx-index tail`.
#include <sys/stat.h>

#include "base/device_id.h"
#include "fuzz.h"
#include "index/tail.h"
#include "store/store.h"

namespace {

using namespace cbx;

void names(std::string_view text, const store::Store& store) {
  const auto parsed = store.parse_path(text);
  if (!parsed) return;
  CBX_CHECK(is_device_id(parsed->device));
  CBX_CHECK(text == (parsed->part ? store.part_path(parsed->device, parsed->start)
                                  : store.segment_path(parsed->device, parsed->start)));
}

// Whatever time a clock shows, the file that is named by it is found again.
void times(int64_t ms, const store::Store& store) {
  const WallMs t{Millis{ms}};
  for (const bool part : {false, true}) {
    const std::string path = part ? store.part_path("cam01", t) : store.segment_path("cam01", t);
    const auto parsed = store.parse_path(path);
    CBX_CHECK(parsed && parsed->device == "cam01" && parsed->start == t && parsed->part == part);
  }
  const auto again = parse_rfc3339(format_rfc3339(t));
  CBX_CHECK(again && *again == t);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Scratch scratch;
  static const store::Store east = *store::Store::init(scratch.path() + "/e", UtcOffset{std::chrono::hours{9}}, {});
  static const store::Store west = *store::Store::init(scratch.path() + "/w", UtcOffset{-std::chrono::hours{5}}, {});
  static const std::string root = scratch.path() + "/any";
  static const bool made = ::mkdir(root.c_str(), 0700) == 0;
  CBX_CHECK(made);
  fuzz::Input input({data, size});
  switch (input.u8() % 4) {
    case 0: {
      const std::string_view text = as_string(input.rest());
      names(text, east);
      names(text, west);
      break;
    }
    case 1: {
      fuzz::write_file(root + "/store.json", as_string(input.rest()));
      const auto store = store::Store::open(root);
      if (!store) {
        CBX_CHECK(store.error().code() == ErrorCode::config);
        CBX_CHECK(fuzz::is_clean(store.error().message()));
      } else {
        CBX_CHECK(store->config().version == 1 && !store->config().id.empty());
      }
      break;
    }
    case 2: {
      fuzz::write_file(root + "/cursor", as_string(input.rest()));
      const auto cursor = index::TailCursor::load(root + "/cursor");
      if (!cursor) {
        CBX_CHECK(cursor.error().code() == ErrorCode::data);
        break;
      }
      CBX_CHECK(cursor->save(root + "/again"));
      const auto again = index::TailCursor::load(root + "/again");
      CBX_CHECK(again && again->journals == cursor->journals);
      break;
    }
    case 3: {
      const int64_t ms = static_cast<int64_t>(input.u64() % 253402300800000ULL);
      if (ms + 9 * 3600000 < 253402300800000) times(ms, east);
      times(ms, west);
      break;
    }
  }
  return 0;
}
