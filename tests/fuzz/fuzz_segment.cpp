// A whole recorder on a file system in memory.  The first byte chooses the clock and the input: the frames of
// cbx-ingest, or samples as a demuxer may hand them over.  Afterwards every file is finished, has its name and its
// record, and every record its file.
#include <atomic>
#include <set>

#include "fuzz.h"
#include "memory_filesystem.h"
#include "recording.h"
#include "segment/session.h"

namespace {

using namespace cbx;
using namespace cbx::segment;

class FuzzClock final : public Clock {
 public:
  explicit FuzzClock(WallTime start) : wall_(start.time_since_epoch().count()) {}
  WallTime wall() const override { return WallTime{Micros{wall_.load()}}; }
  Monotonic monotonic() const override { return Monotonic{Micros{mono_.load()}}; }
  void advance(Micros by) {
    wall_ += by.count();
    mono_ += by.count();
  }
  void set(WallTime t) { wall_ = t.time_since_epoch().count(); }

 private:
  std::atomic<int64_t> wall_;
  std::atomic<int64_t> mono_{3600'000'000};
};

void frames_in(fuzz::Input& input, FuzzClock& clock, Session& session) {
  frames::Parser parser;
  fuzz::in_pieces(input.rest(), [&](ByteSpan piece) {
    const std::span<uint8_t> room = parser.room();
    CBX_CHECK(room.size() >= piece.size());
    std::copy(piece.begin(), piece.end(), room.begin());
    parser.received(piece.size());
    while (true) {
      const auto frame = parser.next();
      if (!frame || !*frame) break;
      session.on_frame(**frame);
    }
    clock.advance(Micros{piece.size() * 1000});
    session.tick();
  });
  (void)session.status();
  session.end("close");
}

void samples_in(fuzz::Input& input, FuzzClock& clock, const Shared& shared, bool live) {
  std::unique_ptr<TimeMapper> mapper;
  if (live)
    mapper = std::make_unique<LiveMapper>();
  else
    mapper = std::make_unique<FixedMapper>(clock.wall());
  Recorder recorder(shared, Origin{"cam01", live ? "live" : "import", "c1"}, std::move(mapper));
  codec::TrackConfig configs[2] = {fuzz::picture(), fuzz::sound()};
  bool has_video = true, known[2] = {};
  int tracks = 2;
  int64_t dts[2] = {90000, 90000};
  Bytes data;
  recorder.on_layout(tracks, has_video);
  const auto config = [&](int track) {
    known[track] = true;
    recorder.on_track(track, configs[has_video ? track : 1]);
  };
  config(0);
  config(1);
  for (int ops = 0; ops < 2000 && !input.empty(); ops++) {
    const uint8_t op = input.u8();
    switch (op & 15) {
      case 0:
        clock.advance(Micros{input.u16() * int64_t{1000}});
        break;
      case 1:
        recorder.tick();
        break;
      case 2:
        clock.set(WallTime{Micros{static_cast<int64_t>(input.u64() % 253402300800000000ULL)}});
        break;
      case 3: {
        const uint8_t what = input.u8();
        has_video = what & 1;
        tracks = has_video ? 1 + (what >> 1 & 1) : 1;
        known[0] = known[1] = false;
        recorder.on_layout(tracks, has_video);
        config(0);
        if (tracks > 1 && what & 4) config(1);
        break;
      }
      case 4:
        configs[0].video.width = 16 + input.u8() * 16;
        configs[1].audio.sample_rate = op & 16 ? 44100 : 48000;
        config(0);
        if (tracks > 1) config(1);
        break;
      case 5:
        recorder.set_rtt(Micros{input.u32()});
        break;
      default: {
        const int track = tracks > 1 && (op & 15) > 10 ? 1 : 0;
        if (!known[track]) break;
        const bool picture = has_video && track == 0;
        int64_t& t = dts[picture ? 0 : 1];
        // A step of the frame rate, a small one, any at all (33 bits, or further after wraps).
        t += op & 32 ? picture ? 3000 : 1920 : op & 64 ? input.u16() : static_cast<int32_t>(input.u32()) * int64_t{2};
        t = std::clamp<int64_t>(t, 0, int64_t{1} << 40);
        codec::Sample s;
        s.track = track;
        s.dts = t;
        s.pts = picture && op & 128 ? std::max<int64_t>(0, t + static_cast<int16_t>(input.u16())) : t;
        s.key = !picture || (op & 15) < 8;
        s.recovery_point = picture && (op & 15) == 9;
        s.duration = picture ? 0 : 1024;
        s.arrival = live ? clock.wall() : WallTime{};
        data.assign(size_t{5} + op % 16, op);
        write_be32(data.data(), static_cast<uint32_t>(data.size() - 4));
        s.data = data;
        recorder.on_sample(s);
        if (op & 32) clock.advance(Micros{picture ? 33333 : 21333});
      }
    }
  }
  recorder.end("close");
}

void check_tree(const store::Store& store, const fuzz::MemoryFilesystem& fs) {
  const std::string media = store.media_path() + "/";
  std::set<std::string> files, recorded;
  for (const auto& [path, node] : fs.nodes()) {
    CBX_CHECK(path.starts_with(media));
    const std::string relative = path.substr(media.size());
    if (relative.ends_with("records.jsonl")) {
      std::string_view rest = as_string(node->bytes);
      CBX_CHECK(rest.ends_with('\n'));
      while (!rest.empty()) {
        const auto record = parse_record(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(rest.find('\n') + 1);
        CBX_CHECK(record && *record);
        CBX_CHECK(store.journal_path(record_device(**record), record_time(**record)) == relative);
        const auto* segment = std::get_if<SegmentRecord>(&**record);
        if (!segment) continue;
        CBX_CHECK(recorded.insert(segment->path).second);
        const auto it = fs.nodes().find(media + segment->path);
        CBX_CHECK(it != fs.nodes().end() && static_cast<int64_t>(it->second->bytes.size()) == segment->bytes);
        CBX_CHECK(store.segment_path(segment->device, segment->start) == segment->path);
      }
      continue;
    }
    const auto parsed = store.parse_path(relative);
    CBX_CHECK(parsed && !parsed->part);
    files.insert(relative);
    test::MemoryFile copy(node->bytes);
    const mp4::FileMap map = fuzz::check_finished(copy);
    CBX_CHECK(map.info.device == parsed->device);
  }
  CBX_CHECK(files == recorded);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) return 0;
  static const fuzz::Scratch scratch;
  static const store::Store stores[] = {
      *store::Store::init(scratch.path() + "/e", UtcOffset{std::chrono::hours{9}}, {}),
      *store::Store::init(scratch.path() + "/w", UtcOffset{-std::chrono::hours{5}}, {}),
  };
  static const Logger log = Logger::silent();
  static DiskHealth disk(log);
  static fuzz::MemoryFilesystem nothing;
  static Syncer syncer(nothing, "/", disk);
  static const SystemClock real;
  static Announcer announcer(::open("/dev/null", O_WRONLY | O_CLOEXEC), real, log);

  fuzz::Input input({bytes, size});
  const uint8_t mode = input.u8();
  const store::Store& store = stores[mode >> 1 & 1];
  // A clock that is right, and one that was never set.
  FuzzClock clock(mode & 4 ? WallTime{} : WallTime{*parse_rfc3339("2026-11-20T08:00:30Z")});
  fuzz::MemoryFilesystem fs;
  {
    Closer closer(fs, store, announcer, clock, log);
    const Shared shared{fs, store, clock, log, disk, closer, std::chrono::seconds{mode & 8 ? 2 : 60}};
    if (mode & 1) {
      Session session(shared, syncer);
      frames_in(input, clock, session);
    } else {
      samples_in(input, clock, shared, !(mode & 16));
    }
  }
  check_tree(store, fs);
  return 0;
}
