#include "cut/follow.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>

#include "cut/media_dir.h"
#include "cut/text.h"
#include "mp4/box.h"
#include "mp4/fragment.h"
#include "mp4/hybrid_file.h"
#include "mp4/sample_table.h"

namespace cbx::cut {
namespace {

using mp4::rescale;

constexpr int kHz = static_cast<int>(codec::kPtsHz);
constexpr int kFragmentsAStep = 32;
// As in joiner.cpp.
constexpr int64_t kSmallestGap = kHz / 2, kOverlap = kHz / 10, kSlew = kHz / 2;
constexpr uint64_t kMaxFragment = 256 << 20;

struct Item {
  std::string path;
  WallMs start{};
  bool part = false;
};

// Where in a moof its sequence number and its decoding time stand; nullopt when they can't be set.
struct Places {
  uint8_t* sequence = nullptr;
  uint8_t* tfdt = nullptr;
};

std::optional<Places> find_places(Bytes& fragment) {
  Places p;
  ByteSpan rest(fragment);
  const auto moof = mp4::next_box(rest);
  if (!moof || moof->type != mp4::fourcc("moof")) return std::nullopt;
  const ByteSpan none;
  const ByteSpan mfhd = mp4::find_box(moof->payload, "mfhd").value_or(none);
  const ByteSpan tfdt = mp4::find_box(mp4::find_box(moof->payload, "traf").value_or(none), "tfdt").value_or(none);
  if (mfhd.size() < 8 || tfdt.size() < 12 || tfdt[0] != 1) return std::nullopt;
  p.sequence = fragment.data() + (mfhd.data() - fragment.data()) + 4;
  p.tfdt = fragment.data() + (tfdt.data() - fragment.data()) + 4;
  return p;
}

std::string describe_all(const std::vector<codec::TrackConfig>& tracks) {
  std::string text;
  for (const auto& t : tracks) text += (text.empty() ? "" : " and ") + describe(t);
  return text;
}

}  // namespace

struct Follower::Impl {
  Impl(const store::Store& s, std::string_view d, WallMs f) : store(s), device(d), from(f) {}

  const store::Store store;
  const std::string device;
  const WallMs from;
  std::shared_ptr<const MediaDir> media;
  std::deque<Item> waiting;      // known files behind the open one
  std::optional<WallMs> newest;  // start of the last one that was taken up

  // The file that is being read.
  std::unique_ptr<File> file;
  Item item;
  mp4::Layout layout;
  uint64_t at = 0;

  // What was written.
  std::vector<codec::TrackConfig> tracks;
  std::vector<int64_t> next;  // where each track has ended, on the output's time line
  uint32_t sequence = 0;
  bool fresh = true;     // nothing of this file was written yet
  int64_t shift = 0;     // from the file's time line to the output's; 90 kHz
  int64_t end = 0;       // of all that was written, on the output's
  int64_t file_end = 0;  // the same, on the file's
  std::optional<WallMs> last_start;
  int64_t last_pts = 0;

  Status find_first(index::Index& index);
  void list_folder(const std::string& folder, WallMs after);
  void look_for_more();
  Result<bool> open_next();
  Status skip_to_start();
  Result<bool> is_over();
  void place(const mp4::FragmentHead& head);
  Result<bool> copy_one(const Sink& sink);
};

// Files that the index knows, then those that it does not know yet.
Status Follower::Impl::find_first(index::Index& index) {
  CBX_TRY(index.segments(device, {from, kLatest}, false, [&](const SegmentRecord& r) {
    waiting.push_back({r.path, r.start, false});
    return true;
  }));
  if (waiting.empty()) {
    // A file lasts a minute, ten without key frames.
    const WallMs after = from - Millis{15 * 60'000};
    list_folder(store.day_folder(device, after), after);
    if (store.day_folder(device, after) != store.day_folder(device, from))
      list_folder(store.day_folder(device, from), after);
    // Of those that began before, the last one.
    while (waiting.size() > 1 && waiting[1].start <= from) waiting.pop_front();
  }
  return {};
}

void Follower::Impl::list_folder(const std::string& folder, WallMs after) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir((media->path() + "/" + folder).c_str()), &::closedir);
  if (!dir) return;
  std::vector<Item> found;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string path = folder + "/" + entry->d_name;
    const auto parsed = store.parse_path(path);
    if (parsed && parsed->device == device && parsed->start > after)
      found.push_back({path, parsed->start, parsed->part});
  }
  std::sort(found.begin(), found.end(), [](const Item& a, const Item& b) { return a.start < b.start; });
  for (Item& i : found)
    if (waiting.empty() || i.start > waiting.back().start) waiting.push_back(std::move(i));
}

void Follower::Impl::look_for_more() {
  const WallMs after = newest ? *newest : from;
  const std::string folder = store.day_folder(device, after);
  const std::string today = store.day_folder(device, floor_ms(SystemClock{}.wall()));
  list_folder(folder, after);
  if (today != folder) list_folder(today, after);
}

// Takes up the next file; false while there is none.
Result<bool> Follower::Impl::open_next() {
  if (waiting.empty()) look_for_more();
  if (waiting.empty()) return false;
  item = waiting.front();
  auto opened = media->open_file(item.path);
  if (!opened && opened.error().code() == ErrorCode::no_input) {
    // Pruned, or a .part that has its name by now: then it is found again.
    waiting.pop_front();
    return false;
  }
  if (!opened) return fail(std::move(opened).error());
  auto found = mp4::locate(**opened);
  if (!found && item.part) return false;  // its head is not written yet
  if (!found) return fail(std::move(found).error());
  waiting.pop_front();
  newest = item.start;
  file = std::move(*opened);
  layout = std::move(*found);
  at = layout.fragments_offset;
  fresh = true;
  if (!last_start) CBX_TRY(skip_to_start());
  return true;
}

// To the fragment that begins with the last key frame at or before `from`.
Status Follower::Impl::skip_to_start() {
  const int64_t want = layout.info.pts + (from - item.start).count() * (kHz / 1000);
  CBX_ASSIGN(const uint64_t size, file->size());
  const uint64_t limit = layout.finished ? layout.end : size;
  const bool video = codec::is_video(layout.tracks.front().codec);
  for (uint64_t look = at;;) {
    CBX_ASSIGN(const auto head, mp4::read_fragment(*file, look, limit, static_cast<int>(layout.tracks.size())));
    if (!head) return {};
    const auto& config = layout.tracks[static_cast<size_t>(head->track)];
    const int64_t pts =
        rescale(head->tfdt + head->samples.front().composition_offset, codec::track_timescale(config), kHz);
    if (head->key() && (codec::is_video(config.codec) || !video)) {
      if (pts > want) return {};
      at = look;
    }
    look = head->offset + head->size;
  }
}

// Whether no more will come in the file.
Result<bool> Follower::Impl::is_over() {
  if (!item.part) return true;
  struct stat st {};
  if (::stat((media->path() + "/" + item.path).c_str(), &st) != 0) return errno == ENOENT;
  // A crash left it, and something follows already.
  if (waiting.empty()) look_for_more();
  return !waiting.empty();
}

void Follower::Impl::place(const mp4::FragmentHead& head) {
  fresh = false;
  const auto& config = layout.tracks[static_cast<size_t>(head.track)];
  const int64_t dts = rescale(head.tfdt, codec::track_timescale(config), kHz);
  const int64_t by_clock = last_start ? (item.start - *last_start).count() * (kHz / 1000) : 0;
  const int64_t hole = dts - file_end;
  const bool goes_on = last_start && hole >= -kOverlap - kHz && hole <= kSmallestGap &&
                       std::abs(by_clock - (layout.info.pts - last_pts)) <= kSlew;
  if (!goes_on) shift = end - dts;
  last_start = item.start;
  last_pts = layout.info.pts;
}

// The next fragment; false when it is not there (yet).
Result<bool> Follower::Impl::copy_one(const Sink& sink) {
  CBX_ASSIGN(const uint64_t size, file->size());
  const uint64_t limit = layout.finished ? layout.end : size;
  CBX_ASSIGN(const auto head, mp4::read_fragment(*file, at, limit, static_cast<int>(layout.tracks.size())));
  if (!head) return false;
  if (head->size > kMaxFragment) return fail(ErrorCode::data, fmt::format("'{}': a fragment is too large", item.path));
  Bytes bytes(static_cast<size_t>(head->size));
  CBX_ASSIGN(const size_t n, file->read_at(head->offset, bytes));
  const auto places = n == bytes.size() ? find_places(bytes) : std::nullopt;
  if (!places) return fail(ErrorCode::data, fmt::format("'{}': a fragment that can't be used", item.path));
  if (fresh) place(*head);
  const auto track = static_cast<size_t>(head->track);
  const int scale = codec::track_timescale(layout.tracks[track]);
  const int64_t dts = std::max({int64_t{0}, next[track], head->tfdt + rescale(shift, kHz, scale)});
  write_be32(places->sequence, ++sequence);
  write_be64(places->tfdt, static_cast<uint64_t>(dts));
  CBX_TRY(sink(bytes));
  next[track] = dts + head->duration;
  end = std::max(end, rescale(next[track], scale, kHz));
  file_end = end - shift;
  at = head->offset + head->size;
  return true;
}

Follower::Follower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Follower::Follower(Follower&&) noexcept = default;
Follower& Follower::operator=(Follower&&) noexcept = default;
Follower::~Follower() = default;

Result<Follower> Follower::create(index::Index& index, std::string_view device, WallMs from) {
  auto impl = std::make_unique<Impl>(index.store(), device, from);
  CBX_ASSIGN(impl->media, MediaDir::open(index.store().media_path()));
  CBX_TRY(impl->find_first(index));
  return Follower(std::move(impl));
}

bool Follower::started() const {
  return !impl_->tracks.empty();
}

Result<Follower::Step> Follower::step(const Sink& sink) {
  Impl& i = *impl_;
  Step step;
  for (int n = 0; n < kFragmentsAStep; ++n) {
    if (!i.file) {
      CBX_ASSIGN(const bool opened, i.open_next());
      if (!opened) return step;
      if (i.tracks.empty()) {
        Bytes init(static_cast<size_t>(i.layout.init_size));
        CBX_ASSIGN(const size_t got, i.file->read_at(i.layout.init_offset, init));
        if (got < init.size()) return fail(ErrorCode::data, fmt::format("'{}' is cut short", i.item.path));
        CBX_TRY(sink(init));
        i.tracks = i.layout.tracks;
        i.next.resize(i.tracks.size());
      } else if (i.tracks != i.layout.tracks) {
        step.changed = fmt::format("from {} to {}", describe_all(i.tracks), describe_all(i.layout.tracks));
        step.at = i.item.start;
        return step;
      }
    }
    // Asked before looking: what comes between the two is then seen by the next round.
    CBX_ASSIGN(const bool over, i.is_over());
    CBX_ASSIGN(const bool copied, i.copy_one(sink));
    if (copied) {
      step.any = true;
    } else if (over) {
      i.file.reset();
    } else {
      return step;
    }
  }
  return step;
}

}  // namespace cbx::cut
