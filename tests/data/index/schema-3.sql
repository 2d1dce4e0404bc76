-- An index.db of schema 3, as cbx made it then, with a row of each kind.
CREATE TABLE device (
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
  offset INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE missing (
  device_id   INTEGER NOT NULL,
  start_ms    INTEGER NOT NULL,
  time_ms     INTEGER NOT NULL,
  found       INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  cause       TEXT NOT NULL,
  detail      TEXT NOT NULL,
  PRIMARY KEY (device_id, start_ms)) STRICT, WITHOUT ROWID;

CREATE TABLE target (
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
ALTER TABLE pin ADD COLUMN who TEXT NOT NULL DEFAULT '';

INSERT INTO device VALUES (1, 'cam01', 60000);
INSERT INTO device VALUES (2, 'cam02', 0);
INSERT INTO format VALUES (1, 'h264', 1280, 720, 30.0, 0, 'aac', 'live', 'rotate');
INSERT INTO format VALUES (2, 'h265', 1920, 1080, 29.97, 90, '', 'import', 'shutdown');
INSERT INTO connection VALUES (1, 1, 'c1', 1795161599500, 1795161720500, '192.0.2.1:5000', 'srt', 128, 2000, 'closed', '', 121000, 60000000, 45000, 3);
INSERT INTO segment VALUES (1, 1795161600000, 60000, 30000000, 1);
INSERT INTO segment VALUES (1, 1795161660000, 60000, 31000000, 1);
INSERT INTO segment VALUES (1, 1795165200000, 30000, 9000000, 2);
INSERT INTO segment_detail VALUES (1, 1795161600000, X'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 90000, 12, 3);
INSERT INTO segment_detail VALUES (1, 1795161660000, NULL, 1, 5490000, NULL, 0);
INSERT INTO segment_detail VALUES (1, 1795165200000, X'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', NULL, NULL, NULL, 0);
INSERT INTO tombstone VALUES (1, 1795161540000, 1795168800000, 'age');
INSERT INTO link VALUES (1, 1795161600000, 1, 0, 60000, 30000000, 22796, 9, 7, 2, 40, 2000);
INSERT INTO event VALUES (1, 1795161630000, 'shock', 'cbx-shock', 'kerb', 2.5);
INSERT INTO gap VALUES (1, 1795161720000, 'disk', 5000, 'full', 'c1');
INSERT INTO journal_cursor VALUES ('media/cam01/2026-11-20/records.jsonl', 4711);
INSERT INTO pin VALUES (1, 1795161601000, 1795161600000, 1795161660000, 0, 'claim 4711', NULL, 'kim');

INSERT INTO missing VALUES (1, 1795161660000, 1795161690000, 0, 60000, 'file', 'the file is not there');

INSERT INTO target VALUES (1, 's3://bucket');
INSERT INTO pushed VALUES (1, 1795161600000, 1, 1795161800000, 30000000, '', X'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');

PRAGMA application_id = 0x63627849;
PRAGMA user_version = 3;
