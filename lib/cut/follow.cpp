#include "cut/follow.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <set>

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
constexpr Millis kDaySlack{60'000};
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

// Of a file's first fragment of a track, in the track's ticks.
struct Begin {
  int64_t dts = 0, pts = 0;
};

Begin begin_of(const mp4::FragmentHead& head) {
  Begin begin{head.tfdt, INT64_MAX};
  int64_t dts = head.tfdt;
  for (const mp4::FragmentSample& s : head.samples) {
    begin.pts = std::min(begin.pts, dts + s.composition_offset);
    dts += s.duration;
  }
  return begin;
}

bool same_file(File& a, File& b) {
  struct stat x {
  }, y{};
  return ::fstat(a.fd(), &x) == 0 && ::fstat(b.fd(), &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

std::string describe_all(const std::vector<codec::TrackConfig>& tracks) {
  std::string text;
  for (const auto& t : tracks) text += (text.empty() ? "" : " and ") + describe(t);
  return text;
}

}  // namespace

struct Follower::Impl {
  Impl(const store::Store& s, std::string_view d, WallMs f) : store(s), device(d), from(f) {}

  struct Track {
    codec::TrackConfig config;
    // Where it has ended, on the output's time line: decoding and presentation, in its own ticks.
    int64_t dts = 0, pts = 0;
    int timescale() const { return codec::track_timescale(config); }
  };

  const store::Store store;
  const std::string device;
  const WallMs from;
  std::shared_ptr<const MediaDir> media;
  std::deque<Item> waiting;      // known files behind the open one
  std::optional<WallMs> newest;  // start of the last one that was taken up

  // The file that is being read, and the one before: as long as that is open, no other can be mistaken for it.
  std::unique_ptr<File> file, before;
  Item item;
  mp4::Layout layout;
  uint64_t at = 0;

  // What was written.
  std::vector<Track> tracks;
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
  bool has_begun(const Item& other) const;
  bool follower_has_begun(size_t place);
  Result<std::unique_ptr<File>> open_item();
  Result<bool> open_next();
  Result<bool> skip_to_start();
  Result<std::optional<mp4::FragmentHead>> read_head(uint64_t offset);
  Result<bool> is_over();
  Result<bool> place(bool over);
  Result<bool> copy_one(const Sink& sink);
  Status write(const mp4::FragmentHead& head, const Sink& sink);
  Result<bool> copy_or_end(const Sink& sink);
  Status begin_stream(const Sink& sink);
  bool same_tracks() const;
  std::string describe_change() const;
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
  const WallMs after = newest ? *newest : from, now = floor_ms(SystemClock{}.wall());
  // A camera's day is that of the capture time, which may be a little off from ours.
  std::set<std::string> folders;  // sorted as the days are
  for (const WallMs t : {after, now - kDaySlack, now, now + kDaySlack}) folders.insert(store.day_folder(device, t));
  for (const std::string& folder : folders) list_folder(folder, after);
}

bool Follower::Impl::has_begun(const Item& other) const {
  auto opened = media->open_file(other.path);
  if (!opened) return false;
  const auto found = mp4::locate(**opened);
  const auto size = (*opened)->size();
  if (!found || !size) return false;
  const auto head =
      mp4::read_fragment(**opened, found->fragments_offset, *size, static_cast<int>(found->tracks.size()));
  return head && *head;
}

// Whether the recorder writes to a later file, `place` in `waiting`: then all of the one before is written.
bool Follower::Impl::follower_has_begun(size_t place) {
  if (waiting.size() <= place) look_for_more();
  return waiting.size() > place && (!waiting[place].part || has_begun(waiting[place]));
}

// The first that waits, under whatever name it has by now.
Result<std::unique_ptr<File>> Follower::Impl::open_item() {
  item = waiting.front();
  auto opened = media->open_file(item.path);
  if (opened || !item.part || opened.error().code() != ErrorCode::no_input) return opened;
  item = {store.segment_path(device, item.start), item.start, false};
  return media->open_file(item.path);
}

// Takes up the next file; false while there is none.
Result<bool> Follower::Impl::open_next() {
  for (;; waiting.pop_front()) {
    if (waiting.empty()) look_for_more();
    if (waiting.empty()) return false;
    auto opened = open_item();
    if (!opened && opened.error().code() == ErrorCode::no_input) continue;  // pruned
    if (!opened) return fail(std::move(opened).error());
    // Given a name a little later than the one that it was read under.
    if (before && same_file(**opened, *before)) continue;
    auto found = mp4::locate(**opened);
    if (!found && item.part) {
      // Its head is not written yet, or never will be.
      if (!follower_has_begun(1)) return false;
      continue;
    }
    if (!found) return fail(std::move(found).error());
    waiting.pop_front();
    newest = item.start;
    file = std::move(*opened);
    layout = std::move(*found);
    at = layout.fragments_offset;
    fresh = true;
    if (last_start) return true;
    CBX_ASSIGN(const bool wanted, skip_to_start());
    if (wanted) return true;
    before = std::move(file);
    return false;
  }
}

Result<std::optional<mp4::FragmentHead>> Follower::Impl::read_head(uint64_t offset) {
  CBX_ASSIGN(const uint64_t size, file->size());
  return mp4::read_fragment(*file, offset, layout.finished ? layout.end : size, static_cast<int>(layout.tracks.size()));
}

// To the fragment that begins with the last key frame at or before `from`; false when all of the file lies before.
Result<bool> Follower::Impl::skip_to_start() {
  const int64_t want = layout.info.pts + (from - item.start).count() * (kHz / 1000);
  const bool video = codec::is_video(layout.tracks.front().codec);
  int64_t last = INT64_MAX;
  for (uint64_t look = at;;) {
    CBX_ASSIGN(const auto head, read_head(look));
    if (!head) return item.part || last > want;
    const auto& config = layout.tracks[static_cast<size_t>(head->track)];
    const int scale = codec::track_timescale(config);
    const int64_t pts = rescale(head->tfdt + head->samples.front().composition_offset, scale, kHz);
    if (head->key() && (codec::is_video(config.codec) || !video)) {
      if (pts > want) return true;
      at = look;
    }
    const int64_t fragment_end = pts + rescale(head->duration, scale, kHz);
    last = last == INT64_MAX ? fragment_end : std::max(last, fragment_end);
    look = head->offset + head->size;
  }
}

// Whether no more will come in the file.
Result<bool> Follower::Impl::is_over() {
  if (!item.part) return true;
  // Its name comes up to half a minute after its end, and after a crash much later.
  struct stat st {};
  if (::stat((media->path() + "/" + item.path).c_str(), &st) != 0 && errno == ENOENT) return true;
  return follower_has_begun(0);
}

// Where the file lies on the output's time line.  False while the begin of all tracks is not known; a recorder's flush
// has one fragment of each that it has something of.
Result<bool> Follower::Impl::place(bool over) {
  std::vector<std::optional<Begin>> begins(tracks.size());
  bool all = false;
  for (uint64_t look = at; !all;) {
    CBX_ASSIGN(const auto head, read_head(look));
    if (!head) break;
    auto& begin = begins[static_cast<size_t>(head->track)];
    all = begin.has_value();  // the next flush
    if (!begin) begin = begin_of(*head);
    all = all || std::all_of(begins.begin(), begins.end(), [](const auto& b) { return b.has_value(); });
    look = head->offset + head->size;
  }
  if (!all && !over) return false;
  int64_t first = INT64_MAX, most = INT64_MIN;
  for (size_t t = 0; t < tracks.size(); ++t) {
    if (!begins[t]) continue;
    const int scale = tracks[t].timescale();
    first = std::min(first, rescale(begins[t]->dts, scale, kHz));
    const int64_t behind = std::max(tracks[t].dts - begins[t]->dts, last_start ? tracks[t].pts - begins[t]->pts : 0);
    most = std::max(most, rescale(last_start ? behind : -begins[t]->dts, scale, kHz));
  }
  if (first == INT64_MAX) return false;
  const int64_t by_clock = last_start ? (item.start - *last_start).count() * (kHz / 1000) : 0;
  const int64_t hole = first - file_end;
  const bool goes_on = last_start && hole >= -kOverlap - kHz && hole <= kSmallestGap &&
                       std::abs(by_clock - (layout.info.pts - last_pts)) <= kSlew;
  if (!goes_on) shift = most;
  last_start = item.start;
  last_pts = layout.info.pts;
  fresh = false;
  return true;
}

// The next fragment; false when it is not there (yet).
Result<bool> Follower::Impl::copy_one(const Sink& sink) {
  CBX_ASSIGN(const auto head, read_head(at));
  if (!head) return false;
  CBX_TRY(write(*head, sink));
  at = head->offset + head->size;
  return true;
}

Status Follower::Impl::write(const mp4::FragmentHead& head, const Sink& sink) {
  if (head.size > kMaxFragment) return fail(ErrorCode::data, fmt::format("'{}': a fragment is too large", item.path));
  Bytes bytes(static_cast<size_t>(head.size));
  CBX_ASSIGN(const size_t n, file->read_at(head.offset, bytes));
  const auto places = n == bytes.size() ? find_places(bytes) : std::nullopt;
  if (!places) return fail(ErrorCode::data, fmt::format("'{}': a fragment that can't be used", item.path));
  Track& track = tracks[static_cast<size_t>(head.track)];
  const int64_t dts = std::max(track.dts, head.tfdt + rescale(shift, kHz, track.timescale()));
  write_be32(places->sequence, ++sequence);
  write_be64(places->tfdt, static_cast<uint64_t>(dts));
  CBX_TRY(sink(bytes));
  track.dts = dts;
  for (const mp4::FragmentSample& s : head.samples) {
    track.pts = std::max(track.pts, track.dts + s.composition_offset + s.duration);
    track.dts += s.duration;
  }
  end = std::max(end, rescale(track.dts, track.timescale(), kHz));
  file_end = end - shift;
  return {};
}

// True when something was written, or the file is done with.
Result<bool> Follower::Impl::copy_or_end(const Sink& sink) {
  if (!fresh) {
    CBX_ASSIGN(const bool copied, copy_one(sink));
    if (copied) return true;
  }
  // Asked before looking: what comes between the two is then seen by the next round.
  CBX_ASSIGN(const bool over, is_over());
  if (fresh) {
    CBX_ASSIGN(const bool placed, place(over));
    if (!placed && !over) return false;
  }
  if (!fresh) {
    CBX_ASSIGN(const bool copied, copy_one(sink));
    if (copied) return true;
  }
  if (over) before = std::move(file);
  return over;
}

Status Follower::Impl::begin_stream(const Sink& sink) {
  Bytes init(static_cast<size_t>(layout.init_size));
  CBX_ASSIGN(const size_t got, file->read_at(layout.init_offset, init));
  if (got < init.size()) return fail(ErrorCode::data, fmt::format("'{}' is cut short", item.path));
  CBX_TRY(sink(init));
  for (const auto& config : layout.tracks) tracks.push_back({config});
  return {};
}

bool Follower::Impl::same_tracks() const {
  return std::equal(tracks.begin(), tracks.end(), layout.tracks.begin(), layout.tracks.end(),
                    [](const Track& a, const codec::TrackConfig& b) { return a.config == b; });
}

std::string Follower::Impl::describe_change() const {
  std::vector<codec::TrackConfig> had;
  for (const Track& t : tracks) had.push_back(t.config);
  const std::string from = describe_all(had), to = describe_all(layout.tracks);
  return from == to ? fmt::format("details of its coding ({})", to) : fmt::format("from {} to {}", from, to);
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
        CBX_TRY(i.begin_stream(sink));
      } else if (!i.same_tracks()) {
        step.changed = i.describe_change();
        step.at = i.item.start;
        return step;
      }
    }
    const uint32_t written = i.sequence;
    CBX_ASSIGN(const bool moved, i.copy_or_end(sink));
    if (!moved) return step;
    step.any |= i.sequence > written;
  }
  return step;
}

}  // namespace cbx::cut
