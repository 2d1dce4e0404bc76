#include "media/import_track.h"

#include <algorithm>
#include <cstring>

namespace cbx::media {
namespace {

using codec::Codec;
using codec::kPtsHz;

constexpr AVRational k90k = {1, static_cast<int>(kPtsHz)};

ByteSpan packet_bytes(const AVPacket* p) {
  return p->data && p->size > 0 ? ByteSpan(p->data, static_cast<size_t>(p->size)) : ByteSpan();
}

ByteSpan new_extradata(const AVPacket* p) {
  size_t size = 0;
  const uint8_t* data = av_packet_get_side_data(p, AV_PKT_DATA_NEW_EXTRADATA, &size);
  return data ? ByteSpan(data, size) : ByteSpan();
}

bool has_start_code(ByteSpan d) {
  return d.size() > 4 && d[0] == 0 && d[1] == 0 && (d[2] == 1 || (d[2] == 0 && d[3] == 1));
}

}  // namespace

codec::Pts90k AudioClock::next(std::optional<codec::Pts90k> pts, int samples, int rate, int64_t tolerance) {
  const auto due = [&] { return anchor_ + av_rescale(samples_, kPtsHz, rate); };
  if (!running_ || (pts && std::abs(*pts - due()) > tolerance)) {
    running_ = true;
    anchor_ = pts.value_or(0);
    samples_ = 0;
  }
  const codec::Pts90k at = due();
  samples_ += samples;
  return at;
}

ImportTrack::ImportTrack(const AVStream* stream, Codec codec, int number, bool trust_dts)
    : stream_(stream),
      codec_(codec),
      number_(number),
      trust_dts_(trust_dts),
      nals_(codec, codec::is_video(codec) ? nal_length_size(codec, extradata_of(stream->codecpar)) : 0) {}

Result<ImportTrack> ImportTrack::make(const AVStream* stream, Codec codec, int number, bool trust_dts) {
  ImportTrack track(stream, codec, number, trust_dts);
  if (codec == Codec::aac) {
    AVBSFContext* bsf = nullptr;
    const AVBitStreamFilter* filter = av_bsf_get_by_name("aac_adtstoasc");
    if (!filter || av_bsf_alloc(filter, &bsf) < 0) return fail(ErrorCode::internal, "no ADTS filter in libavcodec");
    track.adts_.reset(bsf);
    if (avcodec_parameters_copy(bsf->par_in, stream->codecpar) < 0 || av_bsf_init(bsf) < 0)
      return fail(ErrorCode::data, "bad AAC parameters");
  }
  return track;
}

std::optional<int64_t> ImportTrack::scaled(int64_t t) const {
  if (t == AV_NOPTS_VALUE) return std::nullopt;
  const int64_t v = av_rescale_q(t, stream_->time_base, k90k);
  // Beyond any real file; sums of two must stay in 64 bits.
  if (v < -(int64_t{1} << 50) || v > (int64_t{1} << 50)) return std::nullopt;
  return v;
}

std::optional<int64_t> ImportTrack::time_of(const AVPacket* packet) const {
  const auto dts = scaled(packet->dts);
  return dts ? dts : scaled(packet->pts);
}

Status ImportTrack::configure_video(const AVPacket* packet, ByteSpan extradata) {
  Parameters par = copy_parameters(stream_->codecpar);
  if (!par || !set_extradata(par.get(), extradata)) return fail(ErrorCode::internal, "no memory");
  if (configured_) par->width = par->height = 0;  // what the container told once may be old
  complete_parameters(par.get(), packet);
  if (par->width <= 0 || par->height <= 0) {
    par->width = stream_->codecpar->width;
    par->height = stream_->codecpar->height;
  }
  if (par->width <= 0 || par->height <= 0) return fail(ErrorCode::data, "unknown picture size");
  codec::TrackConfig next;
  next.codec = codec_;
  next.video = video_info(stream_, par.get());
  if (nal_length_size(codec_, extradata) > 0 && has_parameter_sets(codec_, extradata)) {
    next.decoder_config = with_long_lengths(codec_, extradata);
  } else {
    const ByteSpan sets = has_start_code(extradata) ? extradata : ByteSpan(nals_.parameter_sets());
    if (sets.empty()) return fail(ErrorCode::data, "no parameter sets yet");
    if (!set_extradata(par.get(), sets)) return fail(ErrorCode::internal, "no memory");
    CBX_ASSIGN(next.decoder_config, configuration_box(codec_, par.get(), nullptr));
  }
  config_ = std::move(next);
  return {};
}

Status ImportTrack::configure_audio(const AVPacket* packet, ByteSpan extradata, ByteSpan data) {
  Parameters par = copy_parameters(stream_->codecpar);
  if (!par) return fail(ErrorCode::internal, "no memory");
  complete_parameters(par.get(), packet);
  codec::TrackConfig next;
  next.codec = codec_;
  next.video.frame_rate_num = 0;
  next.audio.sample_rate = codec_ == Codec::opus ? 48000 : par->sample_rate;
  next.audio.channels = par->ch_layout.nb_channels;
  next.audio.bit_rate = static_cast<int>(std::clamp<int64_t>(par->bit_rate, 0, INT32_MAX));
  // Both layers are 'mp4a' in MP4: the frame's own header tells (ISO/IEC 11172-3, 2.4.2.3).
  if ((codec_ == Codec::mp3 || codec_ == Codec::mp2) && data.size() >= 2)
    next.codec = codec_ = (data[1] & 6) == 4 ? Codec::mp2 : Codec::mp3;
  if (codec_ == Codec::aac) {
    if (extradata.size() < 2) return fail(ErrorCode::data, "no AAC configuration yet");
    next.decoder_config.assign(extradata.begin(), extradata.end());
    // FLV tells 44.1 kHz stereo for whatever it is.
    const AacConfig aac = parse_aac_config(extradata);
    if (aac.sample_rate > 0) next.audio.sample_rate = aac.sample_rate;
    if (aac.channels > 0) next.audio.channels = aac.channels;
  } else if (codec_ != Codec::mp2 && codec_ != Codec::mp3) {
    CBX_ASSIGN(next.decoder_config, configuration_box(codec_, par.get(), codec_ == Codec::opus ? nullptr : packet));
  }
  if (next.audio.sample_rate <= 0 || next.audio.sample_rate > 768000 || next.audio.channels <= 0)
    return fail(ErrorCode::data, "unknown sample rate or channels");
  next.audio.samples_per_frame = samples_per_frame(next, data);
  config_ = std::move(next);
  return {};
}

Status ImportTrack::configure(const AVPacket* packet, ByteSpan data) {
  ByteSpan extradata = new_extradata(packet);
  if (configured_ && extradata.empty()) return {};
  if (extradata.empty()) extradata = extradata_of(stream_->codecpar);
  CBX_TRY(codec::is_video(codec_) ? configure_video(packet, extradata) : configure_audio(packet, extradata, data));
  configured_ = true;
  return {};
}

// In Annex B a new picture size comes in the stream, unannounced.  Sets that can't be read alone (a PPS without its
// SPS) change nothing.
void ImportTrack::follow_parameter_sets(const AVPacket* packet) {
  const Bytes& sets = nals_.parameter_sets();
  if (!configured_ || !nals_.annex_b() || !nals_.kind().idr || sets.empty() || sets == sets_) return;
  const bool first = sets_.empty();
  sets_ = sets;
  if (!first) (void)configure_video(packet, {});
}

ImportTrack::Output ImportTrack::take(AVPacket* packet, int64_t offset) {
  Output out;
  if (adts_) {
    if (av_bsf_send_packet(adts_.get(), packet) < 0 || av_bsf_receive_packet(adts_.get(), packet) < 0) {
      out.trouble = "bad ADTS header";
      return out;
    }
  }
  const bool video = codec::is_video(codec_);
  ByteSpan data = packet_bytes(packet);
  if (video) {
    if (const ByteSpan changed = new_extradata(packet); !changed.empty())
      nals_ = NalRewriter(codec_, nal_length_size(codec_, changed));
    data = nals_.rewrite(data);
  }
  if (data.empty()) return out;
  const codec::TrackConfig before = config_;
  if (const Status s = configure(packet, data); !s) {
    out.trouble = s.error().message();
    return out;
  }
  if (video) follow_parameter_sets(packet);
  out.new_config = !(before == config_);

  auto pts = scaled(packet->pts), dts = scaled(packet->dts);
  HeldSample held;
  codec::Sample& s = held.sample;
  s.track = number_;
  s.damaged = packet->flags & AV_PKT_FLAG_CORRUPT;
  if (video) {
    if (!pts) pts = dts;
    if (!pts) pts = last_dts_ ? *last_dts_ - offset + 1 : 0;
    s.pts = *pts + offset;
    held.dts_known = trust_dts_ && dts;
    s.dts = held.dts_known ? *dts + offset : s.pts;
    s.key = nals_.kind().idr;
    s.recovery_point = !s.key && ((packet->flags & AV_PKT_FLAG_KEY) || nals_.kind().random_access);
    last_dts_ = s.dts;
  } else {
    const int samples = samples_per_frame(config_, data);
    const AVRational tb = stream_->time_base;
    const int64_t tolerance = std::max<int64_t>(2, av_rescale_q_rnd(3, tb, k90k, AV_ROUND_UP) / 2);
    if (pts) pts = *pts + offset;
    s.pts = s.dts = clock_.next(pts, samples, config_.audio.sample_rate, std::min<int64_t>(tolerance, kPtsHz / 100));
    s.duration = samples;
    s.key = true;
  }
  held.data.assign(data.begin(), data.end());
  out.sample = std::move(held);
  return out;
}

}  // namespace cbx::media
