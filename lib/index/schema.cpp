#include "index/schema.h"

namespace cbx::index {
namespace {

// Append only: a migration that has been released is never edited.
//
// `segment` is what every list and every coverage reads, 43 million rows for 1,000 cameras and 30 days: it holds five
// integers a row.  What repeats is interned in `format`, what is asked for one file at a time is in `segment_detail`,
// the path follows from device and start.
constexpr const char* kMigrations[] = {
    R"(CREATE TABLE device (
  id              INTEGER PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE,
  max_duration_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE format (
  id       INTEGER PRIMARY KEY,
  video    TEXT NOT NULL,
  width    INTEGER NOT NULL,
  height   INTEGER NOT NULL,
  fps      REAL NOT NULL,
  rotation INTEGER NOT NULL,
  audio    TEXT NOT NULL,
  source   TEXT NOT NULL,
  end      TEXT NOT NULL,
  UNIQUE (video, width, height, fps, rotation, audio, source, end)) STRICT;
CREATE TABLE connection (
  id          INTEGER PRIMARY KEY,
  device_id   INTEGER NOT NULL REFERENCES device (id),
  name        TEXT NOT NULL,
  open_ms     INTEGER,
  close_ms    INTEGER,
  peer        TEXT NOT NULL DEFAULT '',
  protocol    TEXT NOT NULL DEFAULT '',
  encryption  INTEGER NOT NULL DEFAULT 0,
  latency_ms  INTEGER NOT NULL DEFAULT 0,
  cause       TEXT NOT NULL DEFAULT '',
  detail      TEXT NOT NULL DEFAULT '',
  duration_ms INTEGER NOT NULL DEFAULT 0,
  bytes       INTEGER NOT NULL DEFAULT 0,
  packets     INTEGER NOT NULL DEFAULT 0,
  lost        INTEGER NOT NULL DEFAULT 0,
  UNIQUE (device_id, name)) STRICT;
CREATE INDEX connection_time ON connection (device_id, open_ms);
CREATE TABLE segment (
  device_id   INTEGER NOT NULL,
  start_ms    INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  bytes       INTEGER NOT NULL,
  format_id   INTEGER NOT NULL,
  PRIMARY KEY (device_id, start_ms)) STRICT, WITHOUT ROWID;
CREATE TABLE segment_detail (
  device_id       INTEGER NOT NULL,
  start_ms        INTEGER NOT NULL,
  sha256          BLOB,
  connection_id   INTEGER,
  pts             INTEGER,
  clock_offset_ms INTEGER,
  lost            INTEGER NOT NULL,
  PRIMARY KEY (device_id, start_ms)) STRICT, WITHOUT ROWID;
CREATE TABLE tombstone (
  device_id INTEGER NOT NULL,
  start_ms  INTEGER NOT NULL,
  time_ms   INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  PRIMARY KEY (device_id, start_ms)) STRICT, WITHOUT ROWID;
-- One row a minute.  Of a minute that several connections shared, connection_id is NULL and link_part holds them.
CREATE TABLE link (
  device_id     INTEGER NOT NULL,
  minute_ms     INTEGER NOT NULL,
  connection_id INTEGER,
  offset_ms     INTEGER NOT NULL,
  duration_ms   INTEGER NOT NULL,
  bytes         INTEGER NOT NULL,
  packets       INTEGER NOT NULL,
  missing       INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  lost          INTEGER NOT NULL,
  rtt_ms        INTEGER NOT NULL,
  buffer_ms     INTEGER NOT NULL,
  PRIMARY KEY (device_id, minute_ms)) STRICT, WITHOUT ROWID;
CREATE TABLE link_part (
  device_id     INTEGER NOT NULL,
  minute_ms     INTEGER NOT NULL,
  connection_id INTEGER NOT NULL,
  offset_ms     INTEGER NOT NULL,
  duration_ms   INTEGER NOT NULL,
  bytes         INTEGER NOT NULL,
  packets       INTEGER NOT NULL,
  missing       INTEGER NOT NULL,
  retransmitted INTEGER NOT NULL,
  lost          INTEGER NOT NULL,
  rtt_ms        INTEGER NOT NULL,
  buffer_ms     INTEGER NOT NULL,
  PRIMARY KEY (device_id, minute_ms, connection_id, offset_ms)) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  device_id INTEGER NOT NULL,
  time_ms   INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  source    TEXT NOT NULL,
  note      TEXT NOT NULL,
  value     REAL,
  PRIMARY KEY (device_id, time_ms, kind, source, note)) STRICT, WITHOUT ROWID;
-- Every pin and unpin that was said; what is in force follows from them in any order of arrival.
CREATE TABLE pin (
  device_id INTEGER NOT NULL,
  said_ms   INTEGER NOT NULL,
  from_ms   INTEGER NOT NULL,
  to_ms     INTEGER NOT NULL,
  remove    INTEGER NOT NULL,
  reason    TEXT NOT NULL,
  until_ms  INTEGER,
  PRIMARY KEY (device_id, said_ms, from_ms, to_ms, remove)) STRICT, WITHOUT ROWID;
CREATE TABLE gap (
  device_id   INTEGER NOT NULL,
  start_ms    INTEGER NOT NULL,
  cause       TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  detail      TEXT NOT NULL,
  connection  TEXT NOT NULL,
  PRIMARY KEY (device_id, start_ms, cause)) STRICT, WITHOUT ROWID;
CREATE TABLE journal_cursor (
  path   TEXT PRIMARY KEY,
  offset INTEGER NOT NULL) STRICT, WITHOUT ROWID;)",
    // What was last said about whether a recorded file is there.  The segment's row stays, and is passed over while
    // `found` is 0, so that nothing depends on the order of arrival.
    R"(CREATE TABLE missing (
  device_id   INTEGER NOT NULL,
  start_ms    INTEGER NOT NULL,
  time_ms     INTEGER NOT NULL,
  found       INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  cause       TEXT NOT NULL,
  detail      TEXT NOT NULL,
  PRIMARY KEY (device_id, start_ms)) STRICT, WITHOUT ROWID;)",
    // What is at a target as well.  `object` is empty when it is the segment's path.
    R"(CREATE TABLE target (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE pushed (
  device_id INTEGER NOT NULL,
  start_ms  INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  time_ms   INTEGER NOT NULL,
  bytes     INTEGER NOT NULL,
  object    TEXT NOT NULL,
  sha256    BLOB,
  PRIMARY KEY (device_id, start_ms, target_id)) STRICT, WITHOUT ROWID;
ALTER TABLE pin ADD COLUMN who TEXT NOT NULL DEFAULT '';)",
    // What playlists need.  `media_groups` is the list of groups as pack_groups() writes it.
    R"(CREATE TABLE playback (
  id     INTEGER PRIMARY KEY,
  codecs TEXT NOT NULL,
  init   TEXT NOT NULL,
  UNIQUE (codecs, init)) STRICT;
ALTER TABLE segment_detail ADD COLUMN playback_id INTEGER;
ALTER TABLE segment_detail ADD COLUMN media_offset INTEGER;
ALTER TABLE segment_detail ADD COLUMN media_groups BLOB;)",
};

constexpr db::Schema kSchema{
    .name = "index",
    .application_id = 0x63627849,  // "cbxI"
    .full_sync = false,
    .mode = 0640,
    .migrations = kMigrations,
    .when_corrupt = "the index is only a cache of the files: 'cbx-verify --rebuild' makes it again"};

}  // namespace

const db::Schema& schema() {
  return kSchema;
}

}  // namespace cbx::index
