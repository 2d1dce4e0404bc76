#include <gtest/gtest.h>

#include "media/frame_turn.h"

namespace cbx::media {
namespace {

// "AB" over "CD", each letter a 2 × 2 block, so that the chroma planes are "AB" over "CD" as well.
Frame letters() {
  Frame frame = *make_picture(4, 4);
  for (int plane = 0; plane < 3; plane++)
    for (int y = 0; y < (plane == 0 ? 4 : 2); y++)
      for (int x = 0; x < (plane == 0 ? 4 : 2); x++) {
        const int half = plane == 0 ? 2 : 1;
        frame->data[plane][y * frame->linesize[plane] + x] = static_cast<uint8_t>("ABCD"[y / half * 2 + x / half]);
      }
  return frame;
}

std::string corners(const AVFrame& frame, int plane) {
  const int last = plane == 0 ? 3 : 1;
  std::string out;
  for (const int y : {0, last})
    for (const int x : {0, last}) out += static_cast<char>(frame.data[plane][y * frame.linesize[plane] + x]);
  return out;
}

TEST(Turn, ClockwiseThenMirrored) {
  const Frame frame = letters();
  struct {
    int degrees;
    bool hflip;
    const char* corners;
  } const cases[] = {{0, false, "ABCD"}, {90, false, "CADB"}, {180, false, "DCBA"}, {270, false, "BDAC"},
                     {0, true, "BADC"},  {90, true, "ACBD"},  {180, true, "CDAB"},  {270, true, "DBCA"}};
  for (const auto& c : cases) {
    const auto turned = turn(*frame, c.degrees, c.hflip);
    ASSERT_TRUE(turned);
    for (int plane = 0; plane < 3; plane++) EXPECT_EQ(corners(**turned, plane), c.corners) << c.degrees << c.hflip;
  }
}

TEST(Turn, SidesChangePlaces) {
  const Frame frame = *make_picture(8, 4);
  EXPECT_EQ((*turn(*frame, 90, false))->width, 4);
  EXPECT_EQ((*turn(*frame, 90, false))->height, 8);
  EXPECT_EQ((*turn(*frame, 180, false))->width, 8);
}

}  // namespace
}  // namespace cbx::media
