#include "media/nal_rewriter.h"

#include <gtest/gtest.h>

#include "media/track_source.h"

namespace cbx::media {
namespace {

using codec::Codec;

const Bytes kWanted = {0, 0, 0, 3, 0x67, 1, 2, 0, 0, 0, 2, 0x65, 9};

TEST(NalRewriter, StartCodesBecomeLengths) {
  NalRewriter r(Codec::h264, 0);
  const Bytes in = {0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 9, 0, 0};
  const ByteSpan out = r.rewrite(in);
  EXPECT_EQ(Bytes(out.begin(), out.end()), kWanted);
  EXPECT_TRUE(r.kind().idr);
  EXPECT_EQ(r.parameter_sets(), (Bytes{0, 0, 0, 1, 0x67, 1, 2}));
  EXPECT_TRUE(r.rewrite(Bytes{1, 2, 3}).empty());
}

TEST(NalRewriter, ShortLengthsBecomeLong) {
  NalRewriter r(Codec::h264, 2);
  const ByteSpan out = r.rewrite(Bytes{0, 3, 0x67, 1, 2, 0, 2, 0x65, 9});
  EXPECT_EQ(Bytes(out.begin(), out.end()), kWanted);
}

TEST(NalRewriter, LongLengthsAreNotCopied) {
  NalRewriter r(Codec::h264, 4);
  EXPECT_EQ(r.rewrite(kWanted).data(), kWanted.data());
}

TEST(NalRewriter, ALengthBeyondTheEndIsCut) {
  NalRewriter r(Codec::h264, 4);
  const ByteSpan out = r.rewrite(Bytes{0, 0, 1, 0, 0x41, 7});
  EXPECT_EQ(Bytes(out.begin(), out.end()), (Bytes{0, 0, 0, 2, 0x41, 7}));
  EXPECT_FALSE(r.kind().idr);
}

TEST(NalRewriter, TellsCraFromIdr) {
  NalRewriter r(Codec::h265, 4);
  r.rewrite(Bytes{0, 0, 0, 3, 21 << 1, 1, 7});
  EXPECT_FALSE(r.kind().idr);
  EXPECT_TRUE(r.kind().random_access);
  r.rewrite(Bytes{0, 0, 0, 3, 19 << 1, 1, 7});
  EXPECT_TRUE(r.kind().idr);
}

TEST(Configuration, GetsLongLengths) {
  Bytes avcc = {1, 0x64, 0, 0x1f, 0xfd, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68};
  EXPECT_EQ(nal_length_size(Codec::h264, avcc), 2);
  EXPECT_EQ(nal_length_size(Codec::h264, with_long_lengths(Codec::h264, avcc)), 4);
  EXPECT_TRUE(has_parameter_sets(Codec::h264, avcc));
  avcc[5] = 0xe0;
  EXPECT_FALSE(has_parameter_sets(Codec::h264, avcc));
  Bytes hvcc(23, 0);
  hvcc[0] = 1;
  EXPECT_EQ(nal_length_size(Codec::h265, hvcc), 1);
  EXPECT_EQ(nal_length_size(Codec::h265, with_long_lengths(Codec::h265, hvcc)), 4);
  EXPECT_FALSE(has_parameter_sets(Codec::h265, hvcc));
}

TEST(AacConfig, TellsRateAndFrameLength) {
  // AAC-LC 48 kHz stereo; 44.1 kHz mono; HE-AAC, 24 kHz core and 48 kHz output; 960 samples.
  EXPECT_EQ(parse_aac_config(Bytes{0x11, 0x90}).sample_rate, 48000);
  EXPECT_EQ(parse_aac_config(Bytes{0x11, 0x90}).frame_samples, 1024);
  EXPECT_EQ(parse_aac_config(Bytes{0x12, 0x08}).sample_rate, 44100);
  EXPECT_EQ(parse_aac_config(Bytes{0x12, 0x08}).channels, 1);
  const AacConfig he = parse_aac_config(Bytes{0x2b, 0x11, 0x88, 0x00});
  EXPECT_EQ(he.sample_rate, 48000);
  EXPECT_EQ(he.frame_samples, 2048);
  EXPECT_EQ(parse_aac_config(Bytes{0x11, 0x94}).frame_samples, 960);
}

}  // namespace
}  // namespace cbx::media
