#include "cli/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cbx::cli {
namespace {

using testing::ElementsAre;

const std::vector<SelectableDevice> kDevices{
    {"cam01", "앞 카메라", {"front", "seoul"}}, {"cam02", "cam0x", {"rear"}}, {"truck", "", {"seoul"}}};

TEST(Selector, IdNicknameTagGlobAndAll) {
  EXPECT_THAT(*select_devices("cam01", kDevices), ElementsAre("cam01"));
  EXPECT_THAT(*select_devices("앞 카메라", kDevices), ElementsAre("cam01"));
  EXPECT_THAT(*select_devices("tag:seoul", kDevices), ElementsAre("cam01", "truck"));
  EXPECT_THAT(*select_devices("cam*", kDevices), ElementsAre("cam01", "cam02"));
  EXPECT_THAT(*select_devices("앞*", kDevices), ElementsAre("cam01"));
  EXPECT_THAT(*select_devices("", kDevices), ElementsAre("cam01", "cam02", "truck"));
}

TEST(Selector, NothingFoundIsSaid) {
  for (const char* unknown : {"cam", "tag:north", "x*", "CAM01"}) {
    const auto found = select_devices(unknown, kDevices);
    ASSERT_FALSE(found) << unknown;
    EXPECT_EQ(found.error().code(), ErrorCode::no_input);
  }
  EXPECT_TRUE(select_devices("", {}).has_value());
}

TEST(Selector, ANicknameOfSeveralIsAskedAbout) {
  const std::vector<SelectableDevice> devices{{"a", "front", {}}, {"b", "front", {}}};
  const auto found = select_devices("front", devices);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::usage);
  EXPECT_THAT(found.error().message(), testing::HasSubstr("a, b"));
}

TEST(Selector, OneOnlyWhereOneIsWanted) {
  EXPECT_EQ(*select_device("cam0x", kDevices), "cam02");
  EXPECT_EQ(select_device("tag:seoul", kDevices).error().code(), ErrorCode::usage);
}

}  // namespace
}  // namespace cbx::cli
