// Records: everything that happens, one UTF-8 JSON object a line (the joint between the tools, and the journal).
//
// A line starts with "v":1 and "type"; names are snake_case, times RFC 3339 UTC with milliseconds, bytes and counts
// integers.  Fields may be added within a version, never renamed; readers ignore the ones they don't know.
// Optional fields are left out of the line when they are empty.  See cbx-records(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cbx {

// Whole GOPs of a segment, about 6 s, what a playlist names: a contiguous stretch of the file's fragments.
struct SegmentGroup {
  int64_t bytes = 0;
  int64_t duration_ms = 0;
  bool operator==(const SegmentGroup&) const = default;
};
// A file of an hour, the longest that is recorded, has 655 at most.
inline constexpr size_t kMostGroups = 4096;

// "segment": a finished file.  Its path is relative to ROOT/media.
struct SegmentRecord {
  std::string device;
  WallMs start{};
  int64_t duration_ms = 0;
  std::string path;
  int64_t bytes = 0;
  std::string video;  // "h264", "h265", empty without video
  int width = 0, height = 0;
  double fps = 0;
  int rotation = 0;                        // degrees clockwise that a player turns the picture: 0, 90, 180, 270
  std::string audio;                       // "aac", "mp2", "mp3", "ac3", "eac3", "opus", empty without audio
  std::string source;                      // "live", "import", "backfill", "salvage"
  std::string end;                         // "rotate", "close", "change", "jump", "stall", "limit", "error", "salvage"
  std::string sha256;                      // 64 hex digits
  std::string connection;                  // which one it came by, empty for imports
  std::optional<int64_t> pts;              // first unrolled PTS, 90 kHz
  std::optional<int64_t> clock_offset_ms;  // wall clock less device clock, where the device told its own
  int64_t lost = 0;                        // TS packets, or frames of an import, that were missing or damaged inside
  // What playlists need; recorders of before they were there left them out, then the file tells.
  std::string codecs;                // RFC 6381, the video track first: "avc1.64001f,mp4a.40.2"
  std::string init;                  // 16 hex digits: the beginning of the SHA-256 of the file's init segment
  int64_t media_offset = 0;          // of the first fragment; the groups follow each other from there
  std::vector<SegmentGroup> groups;  // in the line: [[bytes, duration_ms], …]
  bool operator==(const SegmentRecord&) const = default;
};

// "connection.open"
struct ConnectionOpenRecord {
  std::string device;
  WallMs time{};
  std::string connection;  // unique id of this SRT publish
  std::string peer;        // "ip:port"
  std::string protocol;    // "srt", or the scheme of a pulled URL
  int encryption = 0;      // key bits: 0, 128, 192, 256
  int latency_ms = 0;      // negotiated
  bool operator==(const ConnectionOpenRecord&) const = default;
};

// "connection.close"
struct ConnectionCloseRecord {
  std::string device;
  WallMs time{};
  std::string connection;
  // "peer_closed", "peer_lost", "replaced", "silent", "revoked", "shutdown", "reader_closed", "unsupported", "error"
  std::string cause;
  std::string detail;
  int64_t duration_ms = 0;
  int64_t bytes = 0, packets = 0;
  int64_t lost = 0;  // packets given up
  bool operator==(const ConnectionCloseRecord&) const = default;
};

// "link": the quality of one connection over (usually) a minute that starts at `time`.
struct LinkRecord {
  std::string device;
  WallMs time{};
  std::string connection;
  int64_t duration_ms = 0;
  int64_t bytes = 0, packets = 0;
  int64_t bit_rate = 0;       // bit/s received over duration_ms
  int64_t missing = 0;        // packets noticed missing (most come back by retransmission)
  int64_t retransmitted = 0;  // packets received as retransmissions
  int64_t lost = 0;           // packets given up: picture that is gone
  int rtt_ms = 0;
  int buffer_ms = 0;  // received and not yet taken out, at the end of the interval
  bool operator==(const LinkRecord&) const = default;
};

// "event": something happened to the camera at an instant.
struct EventRecord {
  std::string device;
  WallMs time{};
  std::string kind;  // "shock", "motion", "sos", "parking", "mark"
  std::string note;
  std::string source;
  std::optional<double> value;
  bool operator==(const EventRecord&) const = default;
};

// "pin": this range is not to be pruned (until a time, or for ever); `remove` takes pins off the range.
struct PinRecord {
  std::string device;
  WallMs time{};  // when it was said
  WallMs from{}, to{};
  std::string reason;
  std::optional<WallMs> until;
  bool remove = false;
  std::string who{};  // the login name of whoever said it
  bool operator==(const PinRecord&) const = default;
};

// "gap": a hole whose cause the recorder itself knows.
struct GapRecord {
  std::string device;
  WallMs start{};
  int64_t duration_ms = 0;
  std::string cause;  // "offline", "stalled", "bad_data", "unsupported", "disk", "lost"
  std::string detail;
  std::string connection;
  bool operator==(const GapRecord&) const = default;
};

// "delete": a segment is gone for good; the tombstone of its path.
struct DeleteRecord {
  std::string device;
  WallMs time{};
  WallMs start{};  // of the segment
  std::string path;
  std::string reason;  // "rm", "age", "size", "free", "duplicate", …
  bool dry_run = false;
  int64_t bytes = 0;  // that the file had
  std::string who{};  // the login name of whoever asked for it over HTTP
  bool operator==(const DeleteRecord&) const = default;
};

// "missing": the file of a record is not there although nobody deleted it; with `found`, it is there again.  Of several
// about one segment the latest by `time` holds.
struct MissingRecord {
  std::string device;
  WallMs time{};   // when it was noticed
  WallMs start{};  // of the segment
  std::string path;
  int64_t duration_ms = 0;
  std::string cause;  // "file": it alone is gone · "day": no file of that day is there · "damaged": nothing in it plays
  std::string detail;
  bool found = false;
  bool operator==(const MissingRecord&) const = default;
};

// "pushed": the segment is at a target as well, and was verified there.
struct PushedRecord {
  std::string device;
  WallMs time{};   // when it was verified
  WallMs start{};  // of the segment
  std::string path;
  std::string target;  // "s3://bucket/prefix", as store.json names it
  std::string object;  // its name at the target
  int64_t bytes = 0;
  std::string sha256;  // may be empty
  bool operator==(const PushedRecord&) const = default;
};

// "lagged": announcements were dropped because the reader was slow; the journals have them.
struct LaggedRecord {
  WallMs time{};
  int64_t dropped = 0;
  bool operator==(const LaggedRecord&) const = default;
};

using Record = std::variant<SegmentRecord, ConnectionOpenRecord, ConnectionCloseRecord, LinkRecord, EventRecord,
                            PinRecord, GapRecord, DeleteRecord, MissingRecord, PushedRecord, LaggedRecord>;

// One line without its newline.  Text fields that are no UTF-8 have the bad bytes replaced.
std::string to_line(const Record& record);

// Reads one line (with or without newline).  Everything is checked: JSON, version 1, required fields, types and
// ranges, the id grammar, and that a segment's path is a plain relative path below its device.  nullopt stands for a
// well-formed record of a type this version doesn't know.  Errors have code `data`.
Result<std::optional<Record>> parse_record(std::string_view line);

// The device a record speaks of ("" for LaggedRecord), and the time that decides the day of its journal.
const std::string& record_device(const Record& record);
WallMs record_time(const Record& record);
// "segment", "connection.open", …
std::string_view record_type(const Record& record);

}  // namespace cbx
