#include "srt/stream_id.h"

#include <gtest/gtest.h>

#include <random>

namespace cbx::srt {
namespace {

std::string device_of(std::string_view text) {
  const auto id = parse_stream_id(text);
  return id ? id->device : "refused: " + id.error().reason;
}

int code_of(std::string_view text) {
  const auto id = parse_stream_id(text);
  return id ? 0 : static_cast<int>(id.error().code);
}

TEST(StreamId, BareId) {
  EXPECT_EQ(device_of("cam01"), "cam01");
  EXPECT_EQ(device_of("a"), "a");
  EXPECT_EQ(device_of("0_x-y"), "0_x-y");
}

TEST(StreamId, AccessControl) {
  const auto id = parse_stream_id("#!::r=cam01,m=publish,s=T0ken=,u=kim");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->device, "cam01");
  EXPECT_EQ(id->token, "T0ken=");
  EXPECT_EQ(id->user, "kim");
}

TEST(StreamId, AccessControlInAnyOrderWithForeignKeys) {
  EXPECT_EQ(device_of("#!::m=publish,h=example.org,bmd_uuid=1-2,t=stream,r=cam01"), "cam01");
}

TEST(StreamId, ModeDefaultsToRequestAsTheSpecificationSays) {
  EXPECT_EQ(code_of("#!::r=cam01"), 1405);
  EXPECT_EQ(code_of("#!::r=cam01,m=request"), 1405);
  EXPECT_EQ(code_of("#!::r=cam01,m=bidirectional"), 1405);
}

TEST(StreamId, AccessControlRefused) {
  EXPECT_EQ(code_of("#!::"), 1400);
  EXPECT_EQ(code_of("#!::m=publish"), 1400);
  EXPECT_EQ(code_of("#!::r=cam01,m=publish,"), 1400);
  EXPECT_EQ(code_of("#!::r=cam01,r=cam02,m=publish"), 1400);
  EXPECT_EQ(code_of("#!::r=cam01;m=publish"), 1405);
  EXPECT_EQ(code_of("#!::=x,r=cam01,m=publish"), 1400);
  EXPECT_EQ(code_of("#!::r=,m=publish"), 1400);
  EXPECT_EQ(code_of("#!::r=../x,m=publish"), 1400);
  EXPECT_EQ(code_of("#!::r=cam01,m=publish,t=file"), 1415);
  EXPECT_EQ(code_of("#!{r=cam01}"), 1400);
  EXPECT_EQ(code_of("#!:r=cam01,m=publish"), 1400);
}

TEST(StreamId, Colons) {
  EXPECT_EQ(device_of("publish:cam01"), "cam01");
  const auto id = parse_stream_id("publish:cam01:kim:secret");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->user, "kim");
  EXPECT_EQ(id->token, "secret");
  EXPECT_EQ(code_of("publish:cam01:kim"), 1400);
  EXPECT_EQ(code_of("publish:cam01:a:b:c"), 1400);
  EXPECT_EQ(code_of("publish:"), 1400);
  EXPECT_EQ(code_of("PUBLISH:cam01"), 1400);
  EXPECT_EQ(code_of("read:cam01"), 1405);
  EXPECT_EQ(code_of("play:cam01"), 1405);
  EXPECT_EQ(code_of(":cam01"), 1400);
}

TEST(StreamId, NoIdNoEntry) {
  EXPECT_EQ(code_of(""), 1400);
  EXPECT_EQ(code_of("Cam01"), 1400);
  EXPECT_EQ(code_of("cam 01"), 1400);
  EXPECT_EQ(code_of("cam01\n"), 1400);
  EXPECT_EQ(code_of(std::string_view("cam\0"
                                     "01",
                                     6)),
            1400);
  EXPECT_EQ(code_of("\xff\xfe"), 1400);
  EXPECT_EQ(code_of("/cam01"), 1400);
  EXPECT_EQ(code_of(std::string(65, 'a')), 1400);
  EXPECT_EQ(code_of(std::string(513, 'a')), 1400);
}

TEST(StreamId, ReasonsAreFitForATerminal) {
  const auto id = parse_stream_id(
      "#!::r=cam01,m=\xc2\x9b"
      "31m");
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().reason.find('\x9b'), std::string::npos);
}

TEST(StreamId, WhateverComesAnAcceptedDeviceFollowsTheGrammar) {
  std::minstd_rand random(7);
  const std::string letters = "#!:=,rmstu.publish/cam01A\x80\n ";
  for (int i = 0; i < 200000; ++i) {
    std::string text = i % 3 == 0 ? "#!::" : i % 3 == 1 ? "publish:" : "";
    for (size_t n = random() % 24; n > 0; --n) text += letters[random() % letters.size()];
    const auto id = parse_stream_id(text);
    if (!id) continue;
    ASSERT_FALSE(id->device.empty());
    for (const char c : id->device)
      ASSERT_TRUE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
  }
}

}  // namespace
}  // namespace cbx::srt
