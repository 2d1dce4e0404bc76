#include "fixture.h"

namespace cbx::segment::test {
namespace {

// Recovery comes between a new file's name and its lock, finds no picture in it and removes it.
class QuickRecovery final : public Filesystem {
 public:
  explicit QuickRecovery(Filesystem& real) : real_(real) {}
  int taken = 0;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    auto file = real_.open(path, mode);
    if (file && mode == OpenMode::create_new && taken == 0) {
      taken++;
      EXPECT_TRUE(real_.unlink(path));
    }
    return file;
  }
  Status make_dirs(const std::string& p) override { return real_.make_dirs(p); }
  Status rename_no_replace(const std::string& a, const std::string& b) override {
    return real_.rename_no_replace(a, b);
  }
  Status unlink(const std::string& p) override { return real_.unlink(p); }
  Status remove_dir(const std::string& p) override { return real_.remove_dir(p); }
  Status sync_dir(const std::string& p) override { return real_.sync_dir(p); }
  Status sync_all(const std::string& p) override { return real_.sync_all(p); }

 private:
  Filesystem& real_;
};

TEST_F(RecorderTest, AFileThatRecoveryTookBeforeItWasLockedIsMadeAgain) {
  QuickRecovery quick{fs};
  shared.reset(new Shared{quick, store, clock, log, disk, *closer, std::chrono::seconds{60}});
  start();
  feed(900000, 5);
  const auto s = segments();
  EXPECT_EQ(quick.taken, 1);
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].duration_ms, 5000);
}

}  // namespace
}  // namespace cbx::segment::test
