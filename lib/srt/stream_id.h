// What a caller says about itself in SRTO_STREAMID, in three syntaxes:
//   #!::r=cam01,m=publish[,s=TOKEN][,u=USER]   SRT Access Control (libsrt's docs/features/access-control.md)
//   publish:cam01[:USER:TOKEN]                 as several servers and apps have it
//   cam01                                      the bare id
// The text comes from strangers.  No escaping exists in any of them.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace cbx::srt {

// Reasons to refuse a caller, as the protocol numbers them (access_control.h); the caller is told the number.
enum class Reject : int {
  bad_request = 1400,        // malformed stream id
  unauthorized = 1401,       // token is wrong or missing
  overload = 1402,           // a limit is reached
  forbidden = 1403,          // device is disabled
  not_found = 1404,          // device is unknown
  bad_mode = 1405,           // not publishing
  unacceptable = 1406,       // encryption is required and this device has no key
  conflict = 1409,           // somebody else publishes and can't be replaced
  unsupported_media = 1415,  // a resource type other than a stream
};

struct Refusal {
  Reject code;
  std::string reason;  // for our log; foreign text in it is escaped
};

struct StreamId {
  std::string device;  // follows the id grammar
  std::string user;
  std::string token;
};

inline constexpr size_t kMaxStreamId = 512;

tl::expected<StreamId, Refusal> parse_stream_id(std::string_view text);

}  // namespace cbx::srt
