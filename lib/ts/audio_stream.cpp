#include "ts/audio_stream.h"

#include <algorithm>

#include "ts/packet_splitter.h"

namespace cbx::ts {

using codec::Pts90k;

AudioStream::AudioStream(std::unique_ptr<AudioFramer> framer, int track, Timeline& timeline, StreamSink& sink)
    : framer_(std::move(framer)), track_(track), timeline_(timeline), sink_(sink) {}

void AudioStream::begin_pes(const PesStamp& stamp) {
  stamps_.push_back({es_.size(), stamp});
  if (stamps_.size() > 64) stamps_.erase(stamps_.begin());
}

void AudioStream::payload(ByteSpan data) {
  es_.append(data);
  parse(false);
  if (es_.size() > kMaxBuffered) skip_damage(es_.size());
}

void AudioStream::loss(unsigned packets) {
  // Half a frame that waits is lost with the rest of it.
  skip_damage(es_.size());
  missing_ += packets * (kPacketSize - 4);
}

void AudioStream::flush() {
  parse(true);
  es_.clear();
  stamps_.clear();
  locked_ = false;
}

void AudioStream::drop(size_t n) {
  es_.drop(n);
  for (Stamp& s : stamps_) s.offset -= std::min(s.offset, n);
}

void AudioStream::skip_damage(size_t n) {
  // Where a frame was to begin here its time stamp goes with it; what is passed over after a loss is the rest of an
  // earlier frame, and the time stamp is that of the next one.
  if (locked_) take_stamp();
  missing_ += n;
  damaged_ = true;
  locked_ = false;
  drop(n);
}

// The time stamp of the PES packet that the next frame begins in, if it is the first to begin there.
void AudioStream::take_stamp() {
  while (!stamps_.empty() && stamps_.front().offset == 0) {
    const PesStamp& pes = stamps_.front().pes;
    arrival_ = pes.arrival;
    if (pes.pts) {
      anchor_ = timeline_.dts(*pes.pts);
      since_anchor_ = 0;
      missing_ = 0;
    }
    stamps_.erase(stamps_.begin());
  }
}

void AudioStream::parse(bool final) {
  while (es_.size() > 0) {
    const auto parsed = framer_->parse(es_.span(), locked_, final);
    if (parsed.state == AudioFramer::State::need_more) break;
    if (parsed.state == AudioFramer::State::none) {
      skip_damage(framer_->skip(es_.span()));
      continue;
    }
    take_stamp();
    emit(parsed.size);  // before its bytes may move
    drop(parsed.size);
    locked_ = true;
  }
}

// Samples of the current configuration in 90 kHz, to the nearest tick.
Pts90k AudioStream::ticks(int64_t samples) const {
  const int64_t rate = config_->audio.sample_rate;
  return (samples * codec::kPtsHz * 2 + rate) / (rate * 2);
}

void AudioStream::emit(size_t size) {
  if (framer_->pieces().empty()) return;
  if (!config_ || revision_ != framer_->revision()) {
    // Counting goes on from here at the new rate.
    if (anchor_ && config_) {
      *anchor_ += ticks(since_anchor_);
      since_anchor_ = 0;
    }
    config_ = framer_->config();
    revision_ = framer_->revision();
    if (config_) sink_.on_config(track_, *config_);
  }
  if (!config_ || !anchor_) return;
  if (missing_ > 0 && usual_size_ > 0) {
    // What is missing took its time: about so many frames.
    const auto frames = static_cast<int64_t>((missing_ + usual_size_ / 2) / usual_size_);
    since_anchor_ += frames * framer_->pieces().front().duration;
  }
  missing_ = 0;
  usual_size_ = usual_size_ == 0 ? size : (usual_size_ * 7 + size) / 8;
  for (const auto& piece : framer_->pieces()) {
    codec::Sample sample;
    sample.track = track_;
    sample.dts = sample.pts = *anchor_ + ticks(since_anchor_);
    sample.duration = piece.duration;
    sample.key = true;
    sample.damaged = damaged_;
    sample.arrival = arrival_;
    sample.data = piece.data;
    sink_.on_sample(sample);
    since_anchor_ += piece.duration;
    damaged_ = false;
  }
}

}  // namespace cbx::ts
