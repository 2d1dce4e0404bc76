// A store on a temporary disk with records of a camera that is told minute by minute.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/file.h"
#include "index/index.h"
#include "store/journal.h"
#include "temp_dir.h"

namespace cbx::index {

inline WallMs at(const std::string& text) {
  return *parse_rfc3339(text);
}

class IndexTest : public testing::Test {
 protected:
  IndexTest() : store_(*store::Store::init(dir_.path(), UtcOffset::parse("+09:00").value(), std::nullopt)) {}

  Index open() {
    auto index = Index::open(store_, Access::write);
    EXPECT_TRUE(index) << index.error().message();
    return std::move(*index);
  }
  SegmentRecord segment(const std::string& device, WallMs start, int64_t ms = 60'000) {
    SegmentRecord r;
    r.device = device;
    r.start = start;
    r.duration_ms = ms;
    r.path = store_.segment_path(device, start);
    r.bytes = 30'000'000 * ms / 60'000;
    r.video = "h264";
    r.width = 1280;
    r.height = 720;
    r.fps = 30;
    r.audio = "aac";
    r.source = "live";
    r.end = "rotate";
    r.sha256 = std::string(64, 'a');
    r.connection = "c1";
    r.pts = 90000;
    return r;
  }
  LinkRecord link(WallMs minute, int64_t bytes, const std::string& connection = "c1") {
    LinkRecord r;
    r.device = "cam01";
    r.time = minute;
    r.connection = connection;
    r.duration_ms = 60'000;
    r.bytes = bytes;
    r.packets = bytes / 1316;
    r.rtt_ms = 40;
    return r;
  }
  ConnectionOpenRecord opened(WallMs t, const std::string& connection = "c1") {
    return {"cam01", t, connection, "192.0.2.1:5000", "srt", 128, 2000};
  }
  ConnectionCloseRecord closed(WallMs t, const std::string& connection = "c1") {
    return {"cam01", t, connection, "peer_lost", "", 0, 0, 0, 0};
  }
  Applied apply(Index& index, const std::vector<Record>& records, bool from_journal = false) {
    auto applied = index.apply(records, from_journal);
    EXPECT_TRUE(applied) << applied.error().message();
    return applied.value_or(Applied{});
  }
  // Behind the index's back; nobody has it open.
  void sqlite_exec(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(store_.index_path().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  void journal(const Record& record) { ASSERT_TRUE(store::append_journal(fs_, store_, {&record, 1})); }
  std::vector<SegmentRecord> segments(Index& index, TimeRange range, const std::string& device = "cam01") {
    std::vector<SegmentRecord> out;
    EXPECT_TRUE(index.segments(device, range, true, [&](const SegmentRecord& r) {
      out.push_back(r);
      return true;
    }));
    return out;
  }

  const WallMs t0_ = at("2026-11-20T08:00:00Z");
  static constexpr Millis kMinute{60'000};
  static constexpr TimeRange kEver{WallMs{Millis{0}}, WallMs{Millis{253'402'300'800'000}}};
  test::TempDir dir_;
  store::Store store_;
  PosixFilesystem fs_;
};

}  // namespace cbx::index
