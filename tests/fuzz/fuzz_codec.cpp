// Headers of the codecs.  The first byte chooses which.
#include "codec/ac3.h"
#include "codec/decoder_config.h"
#include "codec/h264.h"
#include "codec/h265.h"
#include "codec/latm.h"
#include "codec/mpeg_audio.h"
#include "codec/opus.h"
#include "codec/start_code.h"
#include "fuzz.h"

namespace {

using namespace cbx;
using namespace cbx::codec;

void check(const VideoInfo& v) {
  CBX_CHECK(v.width > 0 && v.height > 0 && v.width <= 16384 && v.height <= 16384);
  CBX_CHECK(v.par_num > 0 && v.par_den > 0 && v.frame_rate_num >= 0 && v.frame_rate_den > 0);
}

void check(const AudioInfo& a) {
  CBX_CHECK(a.sample_rate > 0 && a.channels > 0 && a.samples_per_frame > 0);
}

// Parameter sets that parse go into a decoder configuration, which reads back as the same picture.
void video_h264(ByteSpan nal) {
  (void)h264::parse_pps(nal);
  (void)h264::parse_slice_header(nal);
  const auto sei = h264::parse_sei(nal);
  if (sei.orientation) CBX_CHECK(sei.orientation->rotation % 90 == 0);
  const auto sps = h264::parse_sps(nal);
  if (!sps) return;
  check(sps->video);
  if (nal.size() > UINT16_MAX) return;
  ParameterSets set{{sps->id, {Bytes(nal.begin(), nal.end()), 0}}};
  const Bytes avcc = h264::build_avcc(set, {});
  const auto again = video_info_from_avcc(avcc);
  CBX_CHECK(again && *again == sps->video);
}

void video_h265(ByteSpan nal) {
  (void)h265::parse_vps(nal);
  (void)h265::parse_pps(nal);
  (void)h265::parse_slice_header(nal);
  (void)h265::parse_sei_orientation(nal);
  const auto sps = h265::parse_sps(nal);
  if (!sps) return;
  check(sps->video);
  if (nal.size() > UINT16_MAX) return;
  ParameterSets set{{sps->id, {Bytes(nal.begin(), nal.end()), sps->vps_id}}};
  const Bytes hvcc = h265::build_hvcc({}, set, {}, *sps);
  const auto again = video_info_from_hvcc(hvcc);
  CBX_CHECK(again && *again == sps->video);
}

void audio_aac(ByteSpan data) {
  if (const auto info = aac::audio_info_from_asc(data)) check(*info);
  if (data.size() < aac::kAdtsHeaderSize) return;
  const auto adts = aac::parse_adts(data);
  if (!adts) return;
  CBX_CHECK(adts->frame_size >= adts->header_size());
  const auto asc = aac::asc_from_adts(*adts, data.subspan(std::min(data.size(), adts->header_size())));
  if (!asc) return;
  if (const auto info = aac::audio_info_from_asc(*asc)) check(*info);
}

void audio_latm(ByteSpan data) {
  latm::Parser parser;
  if (const auto n = latm::loas_frame_size(data)) CBX_CHECK(*n >= latm::kLoasHeaderSize);
  // Elements of one stream, each with its length in front.
  while (data.size() > 2) {
    const size_t n = std::min<size_t>(read_be16(data.data()), data.size() - 2);
    const ByteSpan element = data.subspan(2, n);
    data = data.subspan(2 + n);
    if (parser.parse(element) != latm::Parser::State::ok) continue;
    size_t total = 0;
    for (const ByteSpan payload : parser.payloads()) total += payload.size();
    CBX_CHECK(total <= element.size());
    CBX_CHECK(!parser.asc().empty());
    check(aac::audio_info(parser.config()));
  }
}

void audio_ac3(ByteSpan data) {
  const auto header = ac3::parse_header(data);
  if (!header) return;
  CBX_CHECK(header->frame_size > 0 && header->sample_rate > 0 && header->samples > 0 && header->channels() > 0);
  std::vector<ac3::Header> substreams{*header};
  while (data.size() > header->frame_size && substreams.size() < 16) {
    data = data.subspan(header->frame_size);
    const auto more = ac3::parse_header(data);
    if (!more || more->enhanced != header->enhanced) break;
    substreams.push_back(*more);
  }
  if (header->enhanced) {
    (void)ac3::build_dec3(substreams);
  } else {
    CBX_CHECK(ac3::build_dac3(*header).size() == 3);
  }
  CBX_CHECK(ac3::total_channels(substreams) >= 0);
}

void audio_other(ByteSpan data) {
  if (const auto header = mpeg_audio::parse_header(data))
    CBX_CHECK(header->frame_size > mpeg_audio::kHeaderSize && header->sample_rate > 0 && header->samples > 0);
  const auto control = opus::parse_control_header(data);
  if (control.valid && !control.need_more)
    CBX_CHECK(control.header.payload_size > 0 && control.header.header_size >= 3);
  CBX_CHECK(opus::packet_samples(data) >= 0 && opus::packet_samples(data) <= 5760);
  if (!data.empty() && opus::build_dops(data[0])) CBX_CHECK(opus::channels(data[0]) > 0);
}

void configurations(ByteSpan data) {
  if (const auto info = video_info_from_avcc(data)) check(*info);
  if (const auto info = video_info_from_hvcc(data)) check(*info);
  if (const auto n = nal_length_size_from_avcc(data)) CBX_CHECK(*n == 1 || *n == 2 || *n == 4);
  if (const auto n = nal_length_size_from_hvcc(data)) CBX_CHECK(*n == 1 || *n == 2 || *n == 4);
}

// The vectorised search against the plain one.
void start_codes(ByteSpan data) {
  const uint8_t* const end = data.data() + data.size();
  const uint8_t* plain = data.data();
  while (end - plain >= 3 && !(plain[0] == 0 && plain[1] == 0 && plain[2] == 1)) ++plain;
  if (end - plain < 3) plain = end;
  CBX_CHECK(find_start_code(data.data(), end) == plain);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  // A copy of its own, so that reading one byte too far is seen.
  const Bytes copy(data + 1, data + size);
  constexpr void (*kTargets[])(ByteSpan) = {video_h264, video_h265,  audio_aac,      audio_latm,
                                            audio_ac3,  audio_other, configurations, start_codes};
  kTargets[data[0] % std::size(kTargets)](copy);
  return 0;
}
