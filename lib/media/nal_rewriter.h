// Brings H.264 and H.265 pictures into the form of MP4: NAL units with 4-byte lengths (ISO/IEC 14496-15, 4.3.2),
// from Annex B start codes or shorter lengths.  Private to lib/media.
#pragma once

#include "codec/track.h"

namespace cbx::media {

struct PictureKind {
  bool idr = false;
  bool random_access = false;  // CRA or BLA
};

class NalRewriter {
 public:
  // `length_size` 1 to 4 as the source's configuration tells it, 0 for Annex B.
  NalRewriter(codec::Codec codec, int length_size) : codec_(codec), length_size_(length_size) {}

  // The access unit rewritten: `data` itself if it has the right form already, else valid until the next call.  What
  // does not fit its lengths is cut off; empty when nothing is left.
  ByteSpan rewrite(ByteSpan data);
  bool annex_b() const { return length_size_ == 0; }
  // Of the access unit given last.
  PictureKind kind() const { return kind_; }
  // Parameter sets of the access unit given last, with start codes; empty if there are none.
  const Bytes& parameter_sets() const { return parameter_sets_; }

 private:
  void take(ByteSpan nal, bool copy);
  bool whole(ByteSpan data);

  codec::Codec codec_;
  int length_size_;
  PictureKind kind_;
  Bytes buffer_, parameter_sets_;
};

}  // namespace cbx::media
