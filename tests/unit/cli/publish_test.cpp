// Where cameras send to.
#include "cli/publish.h"

#include <gtest/gtest.h>

namespace cbx::cli {
namespace {

TEST(PublishPoint, IsReadInAllItsForms) {
  const auto read = [](const char* text) {
    const auto point = parse_publish_point(text);
    return point ? point->host + " " + std::to_string(point->port) : "none";
  };
  EXPECT_EQ(read("cam.example.org"), "cam.example.org 8890");
  EXPECT_EQ(read("cam.example.org:9000"), "cam.example.org 9000");
  EXPECT_EQ(read("192.0.2.1:1"), "192.0.2.1 1");
  EXPECT_EQ(read("[2001:db8::1]:65535"), "2001:db8::1 65535");
  EXPECT_EQ(read("[2001:db8::1]"), "2001:db8::1 8890");
  EXPECT_EQ(read("2001:db8::1"), "2001:db8::1 8890");
  for (const char* wrong : {"", ":9000", "host:", "host:0", "host:65536", "host:1x", "host:-1", "a b", "a/b", "a'b",
                            "[::1", "[::1]9", "[host]:1", "-host", "srt://host", "user@host", "host:1:2", "호스트"})
    EXPECT_EQ(read(wrong), "none") << wrong;
  EXPECT_EQ(read(std::string(300, 'x').c_str()), "none");
}

TEST(PublishPoint, AddressesSayAllThatACameraNeeds) {
  const PublishPoint point{"2001:db8::1", 9000, 1500};
  EXPECT_EQ(srt_address(point, {"cam01", "a key&more", 256}),
            "srt://[2001:db8::1]:9000?mode=caller&latency=1500&streamid=cam01&passphrase=a%20key%26more&pbkeylen=32");
  EXPECT_EQ(ffmpeg_address(point, {"cam01", "", 128}),
            "srt://[2001:db8::1]:9000?mode=caller&latency=1500000&streamid=cam01");
  const auto lines = publish_lines({"example.org"}, {"cam01", "abcdefghij", 128});
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].name, "ffmpeg");
  EXPECT_NE(lines[0].text.find("'srt://example.org:8890?mode=caller&latency=2000000&"), std::string::npos);
  EXPECT_NE(lines[2].text.find("passphrase abcdefghij, key length 16 (AES-128)"), std::string::npos);
}

}  // namespace
}  // namespace cbx::cli
