// The {when} of addresses: which stretch of a device's recordings is meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time_range.h"
#include "http/message.h"
#include "store/store.h"

namespace cbx::web {

struct When {
  bool live = false;
  bool word = false;  // "today", "yesterday": tomorrow it means another day
  TimeRange range;    // unless live
};

// "live" · "2026-11-20", "today" or "yesterday", days of the store's offset · "A..B" in RFC 3339, of `longest` at most.
// Error `usage`, saying what is wrong with it, and which forms there are.
Result<When> parse_when(std::string_view text, const store::Store& store, WallMs now, Millis longest);

// What a time without recordings is answered with.
Error nothing_recorded(TimeRange range, WallMs now);

// The {id} of a file: its start in milliseconds since 1970, in decimal digits.  Error no_input for anything else.
Result<WallMs> parse_file_id(std::string_view text);

// "{from}-{to}.m4s": bytes, `to` not included.  Error no_input for anything else, empty stretches too.
struct ByteStretch {
  uint64_t from = 0, to = 0;
};
Result<ByteStretch> parse_stretch(std::string_view text);

// "0123456789abcdef.mp4", "0123456789abcdef-video.mp4", …: an init segment by mp4::init_id(), of all tracks or of one.
// Error no_input for anything else.
struct InitName {
  std::string id;
  std::optional<std::string_view> track;  // "video" or "audio"
};
Result<InitName> parse_init_name(std::string_view text);

// A parameter that is said or not: "", 1 and true; 0 and false; without it false.  Error `usage` for anything else.
Result<bool> parse_flag(const http::Request& request, std::string_view name);

// Digits alone, without a sign or needless zeros, at most 2^53 (what JSON and browsers count exactly).
std::optional<uint64_t> parse_number(std::string_view digits);

}  // namespace cbx::web
