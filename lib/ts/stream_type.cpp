#include "ts/stream_type.h"

#include <fmt/format.h>

namespace cbx::ts {

namespace {

using codec::Codec;
using Media = StreamKind::Media;

constexpr uint32_t fourcc(const char (&s)[5]) {
  return uint32_t{static_cast<uint8_t>(s[0])} << 24 | uint32_t{static_cast<uint8_t>(s[1])} << 16 |
         uint32_t{static_cast<uint8_t>(s[2])} << 8 | static_cast<uint8_t>(s[3]);
}

uint32_t registration(ByteSpan descriptors) {
  uint32_t id = 0;
  any_descriptor(descriptors, [&](uint8_t tag, ByteSpan d) {
    if (tag != 0x05 || d.size() < 4) return false;
    id = read_be32(d.data());
    return true;
  });
  return id;
}

StreamKind audio(Codec codec, std::string name) {
  return {Media::audio, codec, false, 0, std::move(name)};
}
StreamKind video(Codec codec, std::string name) {
  return {Media::video, codec, false, 0, std::move(name)};
}
StreamKind unsupported(Media media, std::string name) {
  return {media, std::nullopt, false, 0, std::move(name)};
}

std::optional<StreamKind> by_registration(const PmtStream& stream) {
  switch (registration(stream.descriptors)) {
    case fourcc("Opus"): {
      StreamKind kind = audio(Codec::opus, "Opus audio");
      kind.opus_channels = 2;
      any_descriptor(stream.descriptors, [&](uint8_t tag, ByteSpan d) {
        if (tag != 0x7f || d.size() < 2 || d[0] != 0x80) return false;
        kind.opus_channels = d[1];
        return true;
      });
      return kind;
    }
    case fourcc("AC-3"):
      return audio(Codec::ac3, "AC-3 audio");
    case fourcc("EAC3"):
      return audio(Codec::eac3, "E-AC-3 audio");
    case fourcc("HEVC"):
      return video(Codec::h265, "H.265 video");
    case fourcc("VVC "):
      return unsupported(Media::video, "H.266 video");
    case fourcc("AV01"):
      return unsupported(Media::video, "AV1 video");
    case fourcc("drac"):
      return unsupported(Media::video, "Dirac video");
    case fourcc("VC-1"):
      return unsupported(Media::video, "VC-1 video");
    case fourcc("DTS1"):
    case fourcc("DTS2"):
    case fourcc("DTS3"):
      return unsupported(Media::audio, "DTS audio");
    case fourcc("BSSD"):
      return unsupported(Media::audio, "SMPTE 302M audio");
    case fourcc("AC-4"):
      return unsupported(Media::audio, "AC-4 audio");
    case fourcc("KLVA"):
      return unsupported(Media::other, "KLV data");
    case fourcc("CUEI"):
      return unsupported(Media::other, "SCTE-35 cues");
    case fourcc("ID3 "):
      return unsupported(Media::other, "ID3 data");
    default:
      return std::nullopt;
  }
}

// Private data (stream type 0x06) is told by its descriptors.
StreamKind private_data(const PmtStream& stream) {
  StreamKind kind = unsupported(Media::other, "private data");
  any_descriptor(stream.descriptors, [&](uint8_t tag, ByteSpan d) {
    switch (tag) {
      case 0x6a:
        kind = audio(Codec::ac3, "AC-3 audio");
        return true;
      case 0x7a:
        kind = audio(Codec::eac3, "E-AC-3 audio");
        return true;
      case 0x7b:
        kind = unsupported(Media::audio, "DTS audio");
        return true;
      case 0x7c:
        kind = unsupported(Media::audio, "AAC audio in private data");
        return true;
      case 0x56:
        kind.name = "teletext";
        return true;
      case 0x45:
      case 0x46:
        kind.name = "VBI data";
        return true;
      case 0x59:
        kind.name = "DVB subtitles";
        return true;
      case 0x7f:
        if (!d.empty() && d[0] == 0x15) kind = unsupported(Media::audio, "AC-4 audio");
        return false;
      default:
        return false;
    }
  });
  return kind;
}

// Blu-ray's private types, which mean other things in ATSC.
std::optional<StreamKind> hdmv(uint8_t type) {
  switch (type) {
    case 0x80:
      return unsupported(Media::audio, "LPCM audio");
    case 0x81:
      return audio(Codec::ac3, "AC-3 audio");
    case 0x82:
    case 0x85:
    case 0x86:
      return unsupported(Media::audio, "DTS audio");
    case 0x83:
      return unsupported(Media::audio, "TrueHD audio");
    case 0x84:
    case 0xa1:
      return audio(Codec::eac3, "E-AC-3 audio");
    case 0x90:
    case 0x91:
    case 0x92:
      return unsupported(Media::other, "Blu-ray graphics");
    default:
      return std::nullopt;
  }
}

StreamKind by_type(uint8_t type) {
  switch (type) {
    case 0x01:
      return unsupported(Media::video, "MPEG-1 video");
    case 0x02:
      return unsupported(Media::video, "MPEG-2 video");
    case 0x03:
    case 0x04:
      return audio(Codec::mp2, "MPEG audio");
    case 0x05:
      return unsupported(Media::other, "private sections");
    case 0x0f:
      return audio(Codec::aac, "AAC audio");
    case 0x10:
      return unsupported(Media::video, "MPEG-4 part 2 video");
    case 0x11: {
      StreamKind kind = audio(Codec::aac, "AAC audio (LATM)");
      kind.latm = true;
      return kind;
    }
    case 0x15:
      return unsupported(Media::other, "KLV or other metadata");
    case 0x1b:
      return video(Codec::h264, "H.264 video");
    case 0x1c:
      return unsupported(Media::audio, "raw MPEG-4 audio");
    case 0x1e:
      return unsupported(Media::video, "auxiliary video");
    case 0x1f:
    case 0x20:
      return unsupported(Media::other, "H.264 enhancement layer");
    case 0x21:
      return unsupported(Media::video, "JPEG 2000 video");
    case 0x24:
      return video(Codec::h265, "H.265 video");
    case 0x25:
      return unsupported(Media::other, "H.265 enhancement layer");
    case 0x2d:
    case 0x2e:
      return unsupported(Media::audio, "MPEG-H audio");
    case 0x32:
      return unsupported(Media::video, "JPEG XS video");
    case 0x33:
      return unsupported(Media::video, "H.266 video");
    case 0x42:
      return unsupported(Media::video, "AVS video");
    case 0x80:
      return unsupported(Media::video, "DigiCipher II video");
    case 0x81:
      return audio(Codec::ac3, "AC-3 audio");
    case 0x82:
      return unsupported(Media::other, "SCTE subtitles");
    case 0x86:
      return unsupported(Media::other, "SCTE-35 cues");
    case 0x87:
      return audio(Codec::eac3, "E-AC-3 audio");
    case 0xd1:
      return unsupported(Media::video, "Dirac video");
    case 0xd2:
      return unsupported(Media::video, "AVS2 video");
    case 0xd4:
      return unsupported(Media::video, "AVS3 video");
    case 0xea:
      return unsupported(Media::video, "VC-1 video");
    default:
      return unsupported(Media::other, fmt::format("data of stream type {:#04x}", type));
  }
}

}  // namespace

StreamKind stream_kind(const Pmt& pmt, const PmtStream& stream) {
  // A type of its own says more than a registration, which may be about something else.
  if (stream.type >= 0x80 && registration(pmt.descriptors) == fourcc("HDMV"))
    if (auto kind = hdmv(stream.type)) return *kind;
  if (stream.type == 0x06 || stream.type >= 0x80 || stream.type == 0x15)
    if (auto kind = by_registration(stream)) return *kind;
  return stream.type == 0x06 ? private_data(stream) : by_type(stream.type);
}

}  // namespace cbx::ts
