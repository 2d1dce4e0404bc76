#include "cut/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace cbx::cut {
namespace {

std::string_view spoken_name(codec::Codec c) {
  switch (c) {
    case codec::Codec::h264:
      return "H.264";
    case codec::Codec::h265:
      return "H.265";
    case codec::Codec::aac:
      return "AAC";
    case codec::Codec::mp2:
      return "MP2";
    case codec::Codec::mp3:
      return "MP3";
    case codec::Codec::ac3:
      return "AC-3";
    case codec::Codec::eac3:
      return "E-AC-3";
    case codec::Codec::opus:
      return "Opus";
  }
  return "";
}

}  // namespace

std::string local_time(WallMs t, UtcOffset offset) {
  const LocalTime l = to_local(t, offset);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{}", l.year, l.month, l.day, l.hour, l.minute, l.second,
                     l.millisecond, offset.format());
}

std::string local_range(TimeRange range, UtcOffset offset) {
  return local_time(range.from, offset) + ".." + local_time(range.to, offset);
}

std::string file_name_of(std::string_view device, WallMs from, UtcOffset offset) {
  const LocalTime l = to_local(from, offset);
  std::string zone = offset.format();
  std::erase(zone, ':');
  return fmt::format("{}_{:04}-{:02}-{:02}_{:02}-{:02}-{:02}_{}.mp4", device, l.year, l.month, l.day, l.hour, l.minute,
                     l.second, zone);
}

std::string describe(const codec::TrackConfig& c) {
  if (!codec::is_video(c.codec)) return fmt::format("{} {} Hz", spoken_name(c.codec), c.audio.sample_rate);
  std::string text = fmt::format("{} {}x{}", spoken_name(c.codec), c.video.width, c.video.height);
  if (c.video.rotation != 0) text += fmt::format(" turned by {} degrees", c.video.rotation);
  if (c.video.hflip) text += " mirrored";
  return text;
}

std::string to_hex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const uint8_t b : bytes) {
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

}  // namespace cbx::cut
