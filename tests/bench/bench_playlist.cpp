// A day's playlist of one camera out of a full index.
//
//   bench_playlist fill ROOT DEVICES DAYS     a store with an index.db alone, as if recorded minute by minute
//   bench_playlist ask ROOT DEVICES DAYS N    N random days of random cameras; prints medians
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>

#include "index/index.h"
#include "playback/playlist.h"

namespace {

using namespace cbx;

constexpr int kMinutes = 1440;
constexpr Millis kDay{86'400'000};
const WallMs kFirst = *parse_rfc3339("2026-10-01T00:00:00Z");

std::string camera(int n) {
  return fmt::format("cam{:04}", n);
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_playlist: %s\n", why.c_str());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message());
  return std::move(*result);
}

SegmentRecord minute(const store::Store& store, std::mt19937& random, int n) {
  SegmentRecord r;
  r.device = camera(0);
  r.start = kFirst + Millis{60'000} * n;
  r.path = store.segment_path(r.device, r.start);
  r.video = "h264";
  r.width = 1920;
  r.height = 1080;
  r.fps = 30;
  r.audio = "aac";
  r.source = "live";
  r.end = "rotate";
  r.sha256 = std::string(64, 'a');
  r.connection = "20261001T000000Z-1";
  r.pts = int64_t{n} * 60'000 * 90;
  r.codecs = "avc1.640028,mp4a.40.2";
  r.init = "0123456789abcdef";
  r.media_offset = 196'000 + static_cast<int64_t>(random() % 1000);
  r.bytes = r.media_offset;
  r.duration_ms = 60'000;
  for (int i = 0; i < 10; i++) {
    r.groups.push_back({2'700'000 + static_cast<int64_t>(random() % 600'000), 6000});
    r.bytes += r.groups.back().bytes;
  }
  return r;
}

class Sql {
 public:
  explicit Sql(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) give_up("cannot open " + path);
  }
  ~Sql() { sqlite3_close(db_); }
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;
  void run(const std::string& text) {
    if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) give_up(sqlite3_errmsg(db_));
  }
  sqlite3* get() { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

// The first camera's rows are made by the index itself, those of the others are copies of them, day by day.
void fill(const std::string& root, int devices, int days) {
  const auto store = must(store::Store::init(root, UtcOffset{}, std::nullopt));
  {
    auto index = must(index::Index::open(store, index::Access::write));
    std::vector<Record> opened;
    for (int i = 0; i < devices; i++)
      opened.push_back(
          ConnectionOpenRecord{camera(i), kFirst, "20261001T000000Z-1", "192.0.2.1:5000", "srt", 128, 200});
    (void)must(index.apply(opened));
    std::mt19937 random(1);
    for (int day = 0; day < days; day++) {
      std::vector<Record> rows;
      for (int n = 0; n < kMinutes; n++) rows.push_back(minute(store, random, day * kMinutes + n));
      (void)must(index.apply(rows));
    }
  }
  Sql db(store.index_path());
  db.run(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; "
      "PRAGMA cache_size=-200000; UPDATE device SET max_duration_ms = 60000");
  for (int day = 0; day < days; day++) {
    const auto from = (kFirst + kDay * day).time_since_epoch().count();
    const std::string range = fmt::format("start_ms >= {} AND start_ms < {}", from, from + kDay.count());
    const std::string others = fmt::format(
        "FROM device d CROSS JOIN connection c ON c.device_id = d.id CROSS JOIN (SELECT * FROM ###  WHERE device_id = "
        "(SELECT id FROM device WHERE name = '{0}') AND {1} ORDER BY start_ms) s WHERE d.name <> '{0}'",
        camera(0), range);
    const auto of = [&](const char* table) { return std::string(others).replace(others.find("###"), 3, table); };
    db.run("BEGIN; INSERT INTO segment SELECT d.id, s.start_ms, s.duration_ms, s.bytes, s.format_id " + of("segment") +
           "; INSERT INTO segment_detail SELECT d.id, s.start_ms, randomblob(32), c.id, s.pts, s.clock_offset_ms, "
           "s.lost, s.playback_id, s.media_offset, s.media_groups " +
           of("segment_detail") + "; COMMIT");
    if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\rday %d of %d", day + 1, days);
  }
  if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\n");
}

double now_ms(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

// On the clock, and of the CPU: what a busy machine adds is in the first alone.
struct Times {
  std::vector<double> wall, cpu;
  static double at(std::vector<double>& ms, double share) {
    std::sort(ms.begin(), ms.end());
    return ms[std::min(ms.size() - 1, static_cast<size_t>(share * static_cast<double>(ms.size())))];
  }
  template <typename F>
  void take(F&& work) {
    const double wall_before = now_ms(CLOCK_MONOTONIC), cpu_before = now_ms(CLOCK_THREAD_CPUTIME_ID);
    work();
    cpu.push_back(now_ms(CLOCK_THREAD_CPUTIME_ID) - cpu_before);
    wall.push_back(now_ms(CLOCK_MONOTONIC) - wall_before);
  }
};

void ask(const std::string& root, int devices, int days, int times) {
  const auto store = must(store::Store::open(root));
  auto index = must(index::Index::open(store, index::Access::read));
  Sql plain(store.index_path());
  sqlite3_stmt* rows = nullptr;
  const char* sql =
      "SELECT s.start_ms, s.duration_ms, s.bytes, s.format_id, d.pts, d.media_groups FROM device v JOIN segment s ON "
      "s.device_id = v.id JOIN segment_detail d ON d.device_id = s.device_id AND d.start_ms = s.start_ms WHERE v.name "
      "= "
      "?1 AND s.start_ms >= ?2 AND s.start_ms < ?3";
  if (sqlite3_prepare_v2(plain.get(), sql, -1, &rows, nullptr) != SQLITE_OK) give_up(sqlite3_errmsg(plain.get()));
  std::mt19937 random(std::random_device{}());
  Times select, timeline, text, hls, dash;
  size_t bytes = 0, count = 0;
  for (int i = 0; i < times; i++) {
    const std::string device = camera(static_cast<int>(random() % static_cast<unsigned>(devices)));
    const WallMs from = kFirst + kDay * static_cast<int>(random() % static_cast<unsigned>(days));
    const TimeRange day{from, from + kDay};
    // Each in turn is the first to touch a day's pages.
    const bool plain_first = i % 2;
    const auto read_plain = [&] {
      sqlite3_reset(rows);
      sqlite3_bind_text(rows, 1, device.c_str(), -1, SQLITE_TRANSIENT);
      sqlite3_bind_int64(rows, 2, from.time_since_epoch().count());
      sqlite3_bind_int64(rows, 3, day.to.time_since_epoch().count());
      while (sqlite3_step(rows) == SQLITE_ROW) count += static_cast<size_t>(sqlite3_column_bytes(rows, 5) > 0);
    };
    if (plain_first) select.take(read_plain);
    std::string playlist;
    hls.take([&] {
      playback::Timeline t;
      timeline.take([&] { t = must(playback::read_timeline(index, device, day)); });
      text.take([&] { playlist = playback::hls_media(t); });
    });
    if (!plain_first) select.take(read_plain);
    dash.take([&] { bytes += playback::dash_manifest(must(playback::read_timeline(index, device, day))).size(); });
    bytes += playlist.size();
    if (playlist.find("m4s") == playlist.npos) give_up("an empty playlist");
  }
  sqlite3_finalize(rows);
  const double total = static_cast<double>(devices) * days * kMinutes;
  std::printf("index.db: %.0f rows, %.1f bytes each\n", total,
              static_cast<double>(std::filesystem::file_size(store.index_path())) / total);
  std::printf("%d days asked for, %.0f rows each, %.0f kB of text in all\n", times, static_cast<double>(count) / times,
              static_cast<double>(bytes) / 1000);
  const auto print = [](const char* what, Times& t) {
    std::printf("%-28s median %6.2f ms  p99 %6.2f ms  CPU: median %6.2f ms  p99 %6.2f ms\n", what, t.at(t.wall, 0.5),
                t.at(t.wall, 0.99), t.at(t.cpu, 0.5), t.at(t.cpu, 0.99));
  };
  print("plain SELECT of these rows", select);
  print("timeline", timeline);
  print("HLS text", text);
  print("HLS, timeline and text", hls);
  print("DASH, the same day again", dash);
  std::printf("HLS is %.1f times the SELECT, by CPU %.1f times\n",
              Times::at(hls.wall, 0.5) / Times::at(select.wall, 0.5),
              Times::at(hls.cpu, 0.5) / Times::at(select.cpu, 0.5));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 4 ? argv[1] : "";
  if (what == "fill")
    fill(argv[2], std::atoi(argv[3]), std::atoi(argv[4]));
  else if (what == "ask" && argc > 5)
    ask(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]));
  else
    give_up("usage: bench_playlist fill ROOT DEVICES DAYS | ask ROOT DEVICES DAYS N");
  return 0;
}
