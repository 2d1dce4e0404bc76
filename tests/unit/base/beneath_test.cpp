#include "base/beneath.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "temp_dir.h"

namespace cbx {
namespace {

namespace fs = std::filesystem;

class BeneathTest : public testing::TestWithParam<BeneathBy> {
 protected:
  void SetUp() override {
    fs::create_directories(tree_ + "/day");
    std::ofstream(tree_ + "/day/file") << "x";
    std::ofstream(dir_.path() + "/secret") << "x";
  }
  auto open(const std::string& path) { return descriptor_beneath(tree_, path, GetParam()); }

  test::TempDir dir_;
  std::string tree_ = dir_.path() + "/tree";
};

TEST_P(BeneathTest, OpensWhatIsThere) {
  EXPECT_TRUE(open("day/file"));
  EXPECT_EQ(open("day/other").error().code(), ErrorCode::no_input);
  EXPECT_EQ(open("night/file").error().code(), ErrorCode::no_input);
  fs::create_directory_symlink(tree_, dir_.path() + "/link");
  EXPECT_TRUE(descriptor_beneath(dir_.path() + "/link", "day/file", GetParam()));
}

TEST_P(BeneathTest, PathsDoNotLeaveTheFolder) {
  for (const std::string& path : {std::string("../secret"), dir_.path() + "/secret", std::string("day/../../secret")})
    EXPECT_EQ(open(path).error().code(), ErrorCode::data) << path;
}

TEST_P(BeneathTest, LinksAreNotFollowed) {
  fs::create_symlink("../secret", tree_ + "/out");
  fs::create_symlink("file", tree_ + "/day/in");
  fs::create_directory_symlink("day", tree_ + "/folder");
  for (const char* path : {"out", "day/in", "folder/file"})
    EXPECT_EQ(open(path).error().code(), ErrorCode::data) << path;
}

TEST_P(BeneathTest, OnlyRegularFilesAreOpened) {
  ASSERT_EQ(mkfifo((tree_ + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(open("fifo").error().code(), ErrorCode::data);
  EXPECT_EQ(open("day").error().code(), ErrorCode::data);
}

INSTANTIATE_TEST_SUITE_P(By, BeneathTest, testing::Values(BeneathBy::kernel, BeneathBy::steps));

}  // namespace
}  // namespace cbx
