// A framer for codecs whose every frame begins with a header that tells its size.
#pragma once

#include "ts/audio_framer.h"

namespace cbx::ts {

class HeaderFramer : public AudioFramer {
 public:
  Parsed parse(ByteSpan data, bool locked, bool final) override;
  size_t skip(ByteSpan data) const override;

 protected:
  struct Header {
    size_t size = 0;   // of the frame, the header included
    uint64_t key = 0;  // differs between frames that need different configurations
  };
  HeaderFramer(size_t header_size, uint8_t first_byte) : header_size_(header_size), first_byte_(first_byte) {}

  // `data` holds at least the header.
  virtual std::optional<Header> header(ByteSpan data) const = 0;
  // Sets pieces_ from a whole frame, and the configuration where `fresh` or the codec has to look.
  virtual bool take(ByteSpan frame, bool fresh) = 0;

 private:
  size_t header_size_;
  uint8_t first_byte_;
  std::optional<uint64_t> key_;
};

}  // namespace cbx::ts
