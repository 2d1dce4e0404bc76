// A transport stream that can be sent over and over with continuous time stamps.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace cbx::load {

inline constexpr size_t kTsPacket = 188;
inline constexpr size_t kPacketsPerMessage = 7;
inline constexpr size_t kMessage = kTsPacket * kPacketsPerMessage;

// Immutable after loading.
class Clip {
 public:
  // Error `data` for what is no transport stream of 188-byte packets with a PCR.
  static Result<Clip> parse(Bytes stream);

  size_t messages() const { return due_.size(); }
  // Seconds that one pass takes.
  double seconds() const { return static_cast<double>(length_90k_) / 90000; }
  size_t bytes() const { return data_.size(); }
  // When message `i` is due, in seconds since the pass began, by the PCR.
  double due(size_t i) const { return due_[i]; }
  // Copies message `i` of pass `pass` to `out` (kMessage bytes): PCR, PTS and DTS moved on by whole passes, continuity
  // counters going on.  The number of bytes (the last message may be shorter).
  size_t render(size_t i, uint64_t pass, uint8_t* out) const;

 private:
  struct Patch {
    int pcr = -1, pts = -1, dts = -1;  // offsets of the fields in the packet
    uint16_t pid = 0;
    bool counts = false;  // has payload: the continuity counter goes on
  };
  Status scan();
  void find_length();
  void find_due();

  Bytes data_;
  std::vector<Patch> patches_;
  std::vector<uint32_t> payload_packets_;  // by PID: how far the counter goes in a pass
  std::vector<double> due_;
  int64_t length_90k_ = 0;
};

// A valid stream made from nothing, picture by picture: H.264 at 25 pictures a second and AAC.  Decodes to grey
// pictures and silence.  Not thread-safe.
class Synthetic {
 public:
  static constexpr int kPicturesPerSecond = 25;
  // PTS of picture `number`, 90 kHz.
  static constexpr int64_t pts_of(int64_t number) { return kLead + number * 90000 / kPicturesPerSecond; }

  // Picture `first` is the first one that will be asked for.  A key picture takes 384 bytes a macroblock, whatever
  // the bit rate.
  Synthetic(double bit_rate, int width_mbs, int height_mbs, int64_t first);
  ~Synthetic();
  // The transport stream packets of the next picture and of the sound up to it.  A `mark` (ASCII) becomes an SEI
  // message of the picture: `kMarkUuid`, the mark, a blank and the Adler-32, eight hex digits, of all its NAL units
  // behind that message.
  Bytes next(bool key, const std::string& mark = {});
  static constexpr char kMarkUuid[] = "cbx-test-picture";

 private:
  static constexpr int64_t kLead = 90000;  // PTS ahead of PCR, and of zero
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A valid stream made from nothing: H.264 640x368 at 25 pictures a second, a key picture each second, and AAC; about
// `bit_rate` bits a second, `seconds` long.  Decodes to grey pictures and silence.
Bytes make_synthetic(double bit_rate, int seconds);

}  // namespace cbx::load
