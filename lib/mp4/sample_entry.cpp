#include "mp4/sample_entry.h"

#include <algorithm>

namespace cbx::mp4 {
namespace {

using codec::Codec;
using codec::TrackConfig;
using codec::VideoInfo;

constexpr int32_t kOne = 0x10000;

struct EntryType {
  Codec codec;
  std::string_view entry, config;
};
// The order matters for reading: both MPEG audio layers share mp4a with AAC and are told apart by the esds.
constexpr EntryType kEntries[] = {
    {Codec::h264, "avc1", "avcC"}, {Codec::h265, "hvc1", "hvcC"}, {Codec::aac, "mp4a", "esds"},
    {Codec::mp2, "mp4a", "esds"},  {Codec::mp3, "mp4a", "esds"},  {Codec::ac3, "ac-3", "dac3"},
    {Codec::eac3, "ec-3", "dec3"}, {Codec::opus, "Opus", "dOps"},
};

const EntryType& entry_type(Codec c) {
  return *std::find_if(std::begin(kEntries), std::end(kEntries), [c](const EntryType& e) { return e.codec == c; });
}

// objectTypeIndication of ISO/IEC 14496-1, 7.2.6.6.2: MPEG-4 audio; MPEG-2 audio (13818-3, the low sample rates);
// MPEG-1 audio (11172-3).
constexpr uint8_t kObjectAac = 0x40, kObjectMpeg2Audio = 0x69, kObjectMpeg1Audio = 0x6b;

uint8_t object_type(const TrackConfig& t) {
  if (t.codec == Codec::aac) return kObjectAac;
  return t.audio.sample_rate < 32000 ? kObjectMpeg2Audio : kObjectMpeg1Audio;
}

constexpr uint8_t kEsDescriptor = 3, kDecoderConfig = 4, kDecoderSpecific = 5, kSlConfig = 6;

void write_descriptor_head(BoxWriter& w, uint8_t tag, size_t size) {
  w.u8(tag);
  for (int shift = 21; shift > 0; shift -= 7) w.u8(static_cast<uint8_t>(0x80 | ((size >> shift) & 0x7f)));
  w.u8(static_cast<uint8_t>(size & 0x7f));
}

void write_esds(BoxWriter& w, const TrackConfig& t) {
  constexpr size_t kHead = 5;
  const size_t specific = t.decoder_config.empty() ? 0 : kHead + t.decoder_config.size();
  const size_t config = 13 + specific;
  w.full_box("esds", 0, 0, [&] {
    write_descriptor_head(w, kEsDescriptor, 3 + kHead + config + kHead + 1);
    w.u16(0);  // ES_ID is 0 in a file (14496-14, 3.1.2)
    w.u8(0);
    write_descriptor_head(w, kDecoderConfig, config);
    w.u8(object_type(t));
    w.u8(0x15);  // audio stream
    w.u8(0);
    w.u16(0);
    w.u32(static_cast<uint32_t>(std::max(0, t.audio.bit_rate)));
    w.u32(static_cast<uint32_t>(std::max(0, t.audio.bit_rate)));
    if (specific > 0) {
      write_descriptor_head(w, kDecoderSpecific, t.decoder_config.size());
      w.bytes(t.decoder_config);
    }
    write_descriptor_head(w, kSlConfig, 1);
    w.u8(2);
  });
}

struct Descriptor {
  uint8_t tag = 0;
  ByteSpan payload;
};

std::optional<Descriptor> next_descriptor(ByteSpan& rest) {
  ByteReader r(rest);
  Descriptor d;
  d.tag = r.u8();
  size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    const uint8_t b = r.u8();
    size = size << 7 | (b & 0x7f);
    if (!(b & 0x80)) break;
  }
  if (!r.ok() || size > r.left()) return std::nullopt;
  d.payload = r.rest().first(size);
  rest = r.rest().subspan(size);
  return d;
}

bool parse_esds(ByteSpan payload, TrackConfig& t) {
  if (payload.size() < 4) return false;
  ByteSpan rest = payload.subspan(4);
  const auto es = next_descriptor(rest);
  if (!es || es->tag != kEsDescriptor || es->payload.size() < 3) return false;
  rest = es->payload.subspan(3);
  const auto config = next_descriptor(rest);
  if (!config || config->tag != kDecoderConfig || config->payload.size() < 13) return false;
  const uint8_t object = config->payload[0];
  if (object == kObjectAac) {
    t.codec = Codec::aac;
  } else if (object == kObjectMpeg1Audio || object == kObjectMpeg2Audio) {
    t.codec = Codec::mp3;
  } else {
    return false;
  }
  t.audio.bit_rate = static_cast<int>(read_be32(config->payload.data() + 9) & INT32_MAX);
  rest = config->payload.subspan(13);
  if (const auto specific = next_descriptor(rest); specific && specific->tag == kDecoderSpecific)
    t.decoder_config.assign(specific->payload.begin(), specific->payload.end());
  return t.codec != Codec::aac || !t.decoder_config.empty();
}

uint16_t clamp16(int v) {
  return static_cast<uint16_t>(std::clamp(v, 0, 0xffff));
}

bool has_colour(const VideoInfo& v) {
  return v.colour_primaries != 2 || v.transfer != 2 || v.matrix != 2 || v.full_range;
}

void write_video_entry(BoxWriter& w, const TrackConfig& t) {
  const VideoInfo& v = t.video;
  const EntryType& type = entry_type(t.codec);
  w.box(type.entry, [&] {
    w.zeros(6);
    w.u16(1);  // data reference
    w.zeros(16);
    w.u16(clamp16(v.width));
    w.u16(clamp16(v.height));
    w.u32(72 << 16);
    w.u32(72 << 16);
    w.u32(0);
    w.u16(1);     // frames a sample
    w.zeros(32);  // compressor name
    w.u16(24);
    w.u16(0xffff);
    w.box(type.config, [&] { w.bytes(t.decoder_config); });
    if (has_colour(v)) {
      w.box("colr", [&] {
        w.text("nclx");
        w.u16(clamp16(v.colour_primaries));
        w.u16(clamp16(v.transfer));
        w.u16(clamp16(v.matrix));
        w.u8(v.full_range ? 0x80 : 0);
      });
    }
    if (v.par_num != v.par_den && v.par_num > 0 && v.par_den > 0) {
      w.box("pasp", [&] {
        w.u32(static_cast<uint32_t>(v.par_num));
        w.u32(static_cast<uint32_t>(v.par_den));
      });
    }
  });
}

void write_audio_entry(BoxWriter& w, const TrackConfig& t) {
  const EntryType& type = entry_type(t.codec);
  w.box(type.entry, [&] {
    w.zeros(6);
    w.u16(1);  // data reference
    w.zeros(8);
    w.u16(clamp16(t.audio.channels));
    w.u16(16);
    w.zeros(4);
    // 16.16; what does not fit is told by the timescale and the decoder configuration.
    w.u32(t.audio.sample_rate <= 0xffff ? static_cast<uint32_t>(t.audio.sample_rate) << 16 : 0);
    if (type.config == "esds") {
      write_esds(w, t);
    } else {
      w.box(type.config, [&] { w.bytes(t.decoder_config); });
    }
  });
}

bool parse_video_entry(ByteSpan payload, const EntryType& type, TrackConfig& t) {
  constexpr size_t kFixed = 78;
  if (payload.size() < kFixed) return false;
  t.video.width = read_be16(payload.data() + 24);
  t.video.height = read_be16(payload.data() + 26);
  const ByteSpan children = payload.subspan(kFixed);
  const auto config = find_box(children, type.config);
  if (!config || config->empty() || t.video.width == 0 || t.video.height == 0) return false;
  t.decoder_config.assign(config->begin(), config->end());
  if (const auto pasp = find_box(children, "pasp"); pasp && pasp->size() >= 8) {
    const uint32_t num = read_be32(pasp->data()), den = read_be32(pasp->data() + 4);
    if (num > 0 && den > 0 && num <= INT32_MAX && den <= INT32_MAX) {
      t.video.par_num = static_cast<int>(num);
      t.video.par_den = static_cast<int>(den);
    }
  }
  if (const auto colr = find_box(children, "colr");
      colr && colr->size() >= 11 && read_be32(colr->data()) == fourcc("nclx")) {
    t.video.colour_primaries = read_be16(colr->data() + 4);
    t.video.transfer = read_be16(colr->data() + 6);
    t.video.matrix = read_be16(colr->data() + 8);
    t.video.full_range = (*colr)[10] & 0x80;
  }
  return true;
}

bool parse_audio_entry(ByteSpan payload, const EntryType& type, TrackConfig& t) {
  constexpr size_t kFixed = 28;
  if (payload.size() < kFixed) return false;
  t.audio.channels = read_be16(payload.data() + 16);
  const auto config = find_box(payload.subspan(kFixed), type.config);
  if (!config) return false;
  if (type.config == "esds") return parse_esds(*config, t);
  t.decoder_config.assign(config->begin(), config->end());
  return !config->empty();
}

}  // namespace

void write_sample_entry(BoxWriter& w, const TrackConfig& track) {
  if (codec::is_video(track.codec)) {
    write_video_entry(w, track);
  } else {
    write_audio_entry(w, track);
  }
}

std::optional<TrackConfig> parse_sample_entry(const Box& entry, int sample_rate) {
  for (const EntryType& type : kEntries) {
    if (fourcc(type.entry) != entry.type) continue;
    TrackConfig t;
    t.codec = type.codec;
    t.video.frame_rate_num = 0;
    const bool video = codec::is_video(type.codec);
    if (!video) t.audio.sample_rate = sample_rate;
    if (video ? parse_video_entry(entry.payload, type, t) : parse_audio_entry(entry.payload, type, t)) return t;
    return std::nullopt;
  }
  return std::nullopt;
}

DisplaySize display_size(const VideoInfo& v) {
  const uint64_t num = static_cast<uint64_t>(std::max(1, v.par_num)),
                 den = static_cast<uint64_t>(std::max(1, v.par_den));
  const uint64_t coded = static_cast<uint64_t>(std::clamp(v.width, 0, 0xffff)) << 16;
  const uint64_t width = std::min<uint64_t>(coded * num / den, UINT32_MAX);
  return {static_cast<uint32_t>(width), static_cast<uint32_t>(clamp16(v.height)) << 16};
}

std::array<int32_t, 9> display_matrix(const VideoInfo& v) {
  const DisplaySize size = display_size(v);
  const auto w = static_cast<int32_t>(std::min<uint32_t>(size.width, INT32_MAX));
  const auto h = static_cast<int32_t>(std::min<uint32_t>(size.height, INT32_MAX));
  // A point (p, q) goes to (a p + c q + x, b p + d q + y), q counted downwards.
  int32_t a = kOne, b = 0, c = 0, d = kOne, x = 0, y = 0, turned_width = w;
  switch (v.rotation) {
    case 90:
      a = 0, b = kOne, c = -kOne, d = 0, x = h, turned_width = h;
      break;
    case 180:
      a = -kOne, d = -kOne, x = w, y = h;
      break;
    case 270:
      a = 0, b = -kOne, c = kOne, d = 0, y = w, turned_width = h;
      break;
    default:
      break;
  }
  if (v.hflip) a = -a, c = -c, x = turned_width - x;
  return {a, b, 0, c, d, 0, x, y, 0x40000000};
}

void apply_matrix(const std::array<int32_t, 9>& matrix, VideoInfo& video) {
  for (const int rotation : {0, 90, 180, 270}) {
    for (const bool hflip : {false, true}) {
      VideoInfo candidate = video;
      candidate.rotation = rotation;
      candidate.hflip = hflip;
      const auto m = display_matrix(candidate);
      if (m[0] == matrix[0] && m[1] == matrix[1] && m[3] == matrix[3] && m[4] == matrix[4]) {
        video = candidate;
        return;
      }
    }
  }
}

}  // namespace cbx::mp4
