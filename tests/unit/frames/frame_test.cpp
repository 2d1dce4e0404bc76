#include "frames/frame.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

namespace cbx::frames {
namespace {

Header some_header() {
  Header h;
  h.kind = Kind::data;
  h.flags = kFlagLoss;
  h.stream = 0x01020304;
  h.length = 7;
  h.arrival = WallTime{Micros{1700000000123456}};
  h.rtt_us = 42000;
  return h;
}

Bytes frame_of(const Header& header, const std::string& payload) {
  Header h = header;
  h.length = static_cast<uint32_t>(payload.size());
  Bytes out(kHeaderSize + payload.size());
  encode_header(h, std::span(out).first<kHeaderSize>());
  std::memcpy(out.data() + kHeaderSize, payload.data(), payload.size());
  return out;
}

TEST(FrameHeader, LiesInTheBytesThatTheManualNames) {
  std::array<uint8_t, kHeaderSize> b;
  encode_header(some_header(), b);
  const std::array<uint8_t, kHeaderSize> expected{'C',  'B',  'X', 'F', 1,    2,    0,    1,    1,    2,    3,
                                                  4,    0,    0,   0,   7,    0,    0x06, 0x0a, 0x24, 0x18, 0x20,
                                                  0x22, 0x40, 0,   0,   0xa4, 0x10, 0,    0,    0,    0};
  EXPECT_EQ(b, expected);
}

TEST(FrameHeader, RoundTrip) {
  std::array<uint8_t, kHeaderSize> b;
  encode_header(some_header(), b);
  const auto back = decode_header(b);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, some_header());
}

TEST(FrameHeader, WhatIsWrongIsRefused) {
  std::array<uint8_t, kHeaderSize> good;
  encode_header(some_header(), good);
  const auto refused = [&](size_t at, uint8_t value) {
    auto b = good;
    b[at] = value;
    const auto h = decode_header(b);
    return !h && h.error().code() == ErrorCode::data;
  };
  EXPECT_TRUE(refused(0, 'c'));
  EXPECT_TRUE(refused(4, 2));
  EXPECT_TRUE(refused(5, 0));
  EXPECT_TRUE(refused(5, 5));
  EXPECT_TRUE(refused(13, 0x11));  // 1 MiB and 64 KiB
  EXPECT_TRUE(refused(16, 0xff));
}

TEST(Parser, FramesCutAtAnyByte) {
  Bytes stream;
  Header h = some_header();
  for (uint32_t i = 0; i < 5; ++i) {
    h.stream = i;
    const Bytes f = frame_of(h, std::string(i * 3, static_cast<char>('a' + i)));
    stream.insert(stream.end(), f.begin(), f.end());
  }
  for (size_t step = 1; step <= stream.size(); ++step) {
    Parser parser;
    uint32_t seen = 0;
    for (size_t at = 0; at < stream.size(); at += step) {
      const size_t n = std::min(step, stream.size() - at);
      std::memcpy(parser.room().data(), stream.data() + at, n);
      parser.received(n);
      for (;;) {
        const auto frame = parser.next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        EXPECT_EQ((*frame)->header.stream, seen);
        EXPECT_EQ(as_string((*frame)->payload), std::string(seen * 3, static_cast<char>('a' + seen)));
        ++seen;
      }
    }
    EXPECT_EQ(seen, 5u);
    EXPECT_TRUE(parser.at_boundary());
  }
}

TEST(Parser, TheLargestPayloadFits) {
  const Bytes f = frame_of(some_header(), std::string(kMaxPayload, 'x'));
  Parser parser;
  size_t frames = 0;
  for (int round = 0; round < 3; ++round) {
    for (size_t at = 0; at < f.size();) {
      const auto room = parser.room();
      ASSERT_GE(room.size(), size_t{64} << 10);
      const size_t n = std::min(room.size(), f.size() - at);
      std::memcpy(room.data(), f.data() + at, n);
      parser.received(n);
      at += n;
      for (;;) {
        const auto frame = parser.next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        EXPECT_EQ((*frame)->payload.size(), kMaxPayload);
        ++frames;
      }
    }
  }
  EXPECT_EQ(frames, 3u);
}

TEST(Parser, AnUnfinishedFrameIsNoCleanEnd) {
  const Bytes f = frame_of(some_header(), "payload");
  Parser parser;
  std::memcpy(parser.room().data(), f.data(), f.size() - 1);
  parser.received(f.size() - 1);
  const auto frame = parser.next();
  ASSERT_TRUE(frame);
  EXPECT_FALSE(frame->has_value());
  EXPECT_FALSE(parser.at_boundary());
}

TEST(Parser, GarbageEndsInAnError) {
  std::minstd_rand random(5);
  for (int round = 0; round < 2000; ++round) {
    Bytes f = frame_of(some_header(), "some payload");
    for (int i = 0; i < 3; ++i) f[random() % f.size()] = static_cast<uint8_t>(random());
    Parser parser;
    std::memcpy(parser.room().data(), f.data(), f.size());
    parser.received(f.size());
    const auto frame = parser.next();
    if (frame && *frame) {
      EXPECT_LE((*frame)->payload.size(), f.size());
    }
  }
}

}  // namespace
}  // namespace cbx::frames
