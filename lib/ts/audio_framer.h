// Finding frames in the bytes of an audio stream: one framer a codec.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/track.h"
#include "ts/stream_type.h"

namespace cbx::ts {

class AudioFramer {
 public:
  enum class State {
    need_more,  // it can't be told yet, or the frame is not whole
    none,       // no frame begins here
    ok,
  };
  struct Parsed {
    State state = State::need_more;
    size_t size = 0;  // bytes of the stream that the frame takes
  };
  struct Piece {
    ByteSpan data;         // a sample; points into the stream or into the framer, good until the next parse()
    int64_t duration = 0;  // in ticks of the sample rate
  };

  virtual ~AudioFramer() = default;
  // Looks at the beginning of `data`.  `locked`: the frame before ended here, so no second opinion is needed;
  // `final`: nothing comes after `data`.
  virtual Parsed parse(ByteSpan data, bool locked, bool final) = 0;
  // How many bytes at the front of `data` can be passed over to where a frame may begin; at least 1.
  virtual size_t skip(ByteSpan data) const = 0;

  // What the frame that was parsed last holds.
  const std::vector<Piece>& pieces() const { return pieces_; }
  // The configuration that its pieces need, and a number that changes with it.
  const std::optional<codec::TrackConfig>& config() const { return config_; }
  unsigned revision() const { return revision_; }
  // Why the stream can't be carried; empty while it can.
  const std::string& refused() const { return refused_; }

 protected:
  void set_config(codec::TrackConfig config) {
    if (config_ == config) return;
    config_ = std::move(config);
    ++revision_;
  }

  // The stream says that it is of a kind that can't be carried.  Believed when it says so several times in a row:
  // once may be a bit error.
  void refuse(const char* why) {
    if (++strikes_ >= 4) refused_ = why;
  }
  void accept() { strikes_ = 0; }

  std::vector<Piece> pieces_;
  std::string refused_;

 private:
  unsigned strikes_ = 0;
  std::optional<codec::TrackConfig> config_;
  unsigned revision_ = 0;
};

// The framer for a carriable audio stream.
std::unique_ptr<AudioFramer> make_audio_framer(const StreamKind& kind);

}  // namespace cbx::ts
