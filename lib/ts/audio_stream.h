// Audio: frames of any of the codecs, however PES packets cut them, become samples with a time stamp each.
#pragma once

#include <memory>

#include "ts/audio_framer.h"
#include "ts/elementary_stream.h"
#include "ts/es_buffer.h"
#include "ts/timeline.h"

namespace cbx::ts {

class AudioStream final : public ElementaryStream {
 public:
  AudioStream(std::unique_ptr<AudioFramer> framer, int track, Timeline& timeline, StreamSink& sink);

  void begin_pes(const PesStamp& stamp) override;
  void payload(ByteSpan data) override;
  void loss(unsigned packets) override;
  void flush() override;
  const std::string& refused() const override { return framer_->refused(); }
  const std::optional<codec::TrackConfig>& config() const override { return config_; }
  void set_track(int track) override { track_ = track; }

 private:
  // More than any frame of any codec, and than most PES packets.
  static constexpr size_t kMaxBuffered = 128 << 10;

  struct Stamp {
    size_t offset;
    PesStamp pes;
  };

  void parse(bool final);
  void drop(size_t n);
  void skip_damage(size_t n);
  void take_stamp();
  codec::Pts90k ticks(int64_t samples) const;
  void emit(size_t size);

  std::unique_ptr<AudioFramer> framer_;
  int track_;
  Timeline& timeline_;
  StreamSink& sink_;
  std::optional<codec::TrackConfig> config_;
  unsigned revision_ = 0;

  EsBuffer es_;
  std::vector<Stamp> stamps_;
  bool locked_ = false;    // the frame before ended where this one begins
  bool damaged_ = false;   // something is missing before the next frame
  size_t missing_ = 0;     // bytes lost or skipped since the last frame
  size_t usual_size_ = 0;  // of a frame
  // Time of the next frame: anchor plus samples since.
  std::optional<codec::Pts90k> anchor_;
  int64_t since_anchor_ = 0;
  WallTime arrival_{};
};

}  // namespace cbx::ts
