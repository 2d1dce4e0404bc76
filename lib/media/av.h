// Owners of libav's objects, its errors as ours, and reading through our own descriptor.  Private to lib/media.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
}

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/file.h"

namespace cbx::media {

struct FreePacket {
  void operator()(AVPacket* p) const { av_packet_free(&p); }
};
using Packet = std::unique_ptr<AVPacket, FreePacket>;
inline Packet make_packet() {
  return Packet(av_packet_alloc());
}

struct FreeIo {
  void operator()(AVIOContext* io) const {
    if (io) av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
using Io = std::unique_ptr<AVIOContext, FreeIo>;

struct CloseInput {
  void operator()(AVFormatContext* c) const { avformat_close_input(&c); }
};
using Input = std::unique_ptr<AVFormatContext, CloseInput>;

struct FreeOutput {
  void operator()(AVFormatContext* c) const { avformat_free_context(c); }
};
using Output = std::unique_ptr<AVFormatContext, FreeOutput>;

struct FreeBsf {
  void operator()(AVBSFContext* b) const { av_bsf_free(&b); }
};
using BitstreamFilter = std::unique_ptr<AVBSFContext, FreeBsf>;

// libav's words for an error of its own.
std::string av_message(int error);
// libav logs to stderr by itself; a tool's stderr is its own.  Idempotent, thread-safe.
void silence_libav();

inline ByteSpan extradata_of(const AVCodecParameters* par) {
  return par->extradata && par->extradata_size > 0 ? ByteSpan(par->extradata, static_cast<size_t>(par->extradata_size))
                                                   : ByteSpan();
}
// The display matrix of a stream, nullptr without one.
const int32_t* display_matrix_of(const AVStream* stream);

}  // namespace cbx::media
