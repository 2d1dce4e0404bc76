#include "srt/address.h"

#include <gtest/gtest.h>

namespace cbx::srt {
namespace {

TEST(ListenUrl, Forms) {
  const auto any = parse_listen_url("srt://:9000");
  ASSERT_TRUE(any);
  EXPECT_EQ(any->host, "");
  EXPECT_EQ(any->port, 9000);
  EXPECT_FALSE(any->latency_ms);
  EXPECT_EQ(parse_listen_url("srt://[::1]:9000?latency=1000")->host, "::1");
  EXPECT_EQ(parse_listen_url("srt://[::1]:9000?latency=1000")->latency_ms, 1000);
  EXPECT_EQ(parse_listen_url("srt://192.0.2.1:65535/")->port, 65535);
}

TEST(ListenUrl, Refused) {
  for (const char* url : {"", "http://:9000", "srt://", "srt://:0", "srt://:65536", "srt://:9000x", "srt://host",
                          "srt://::1:9000", "srt://[::1]", "srt://:9000?latency=", "srt://:9000?latency=1s",
                          "srt://:9000?latency=-1", "srt://:9000?latency=60001", "srt://:9000?latency",
                          "srt://:9000?streamid=x", "srt://a b:9000", "srt://user@host:9000"}) {
    const auto parsed = parse_listen_url(url);
    EXPECT_FALSE(parsed) << url;
    if (!parsed) {
      EXPECT_EQ(parsed.error().code(), ErrorCode::usage) << url;
    }
  }
}

TEST(ListenUrl, ASecretIsNotRepeated) {
  const auto parsed = parse_listen_url("srt://:9000?passphrase=verysecret");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message().find("verysecret"), std::string::npos);
}

TEST(CallUrl, StreamIdIsPercentDecoded) {
  const auto call = parse_call_url("srt://example.org:9000?streamid=%23!::r=cam01,m=request&latency=300");
  ASSERT_TRUE(call);
  EXPECT_EQ(call->stream_id, "#!::r=cam01,m=request");
  EXPECT_EQ(call->latency_ms, 300);
  EXPECT_FALSE(parse_call_url("srt://example.org:9000?streamid=%2"));
  EXPECT_FALSE(parse_call_url("srt://example.org:9000?streamid=%zz"));
  EXPECT_FALSE(parse_call_url("srt://:9000"));
}

TEST(Address, Text) {
  EXPECT_EQ(Address::resolve("127.0.0.1", 80)->to_string(), "127.0.0.1:80");
  EXPECT_EQ(Address::resolve("::1", 80)->to_string(), "[::1]:80");
  EXPECT_EQ(Address::resolve("::ffff:192.0.2.7", 80)->to_string(), "192.0.2.7:80");
  EXPECT_EQ(Address::resolve("", 80)->port(), 80);
  EXPECT_FALSE(Address::resolve("no such host", 80));
}

}  // namespace
}  // namespace cbx::srt
