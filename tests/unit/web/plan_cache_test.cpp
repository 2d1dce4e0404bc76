// What cuts that wait for their next reader hold on to.
#include "web/plan_cache.h"

#include <thread>

#include "recordings_fixture.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;

class PlanCacheTest : public RecordingsTest {
 protected:
  std::shared_ptr<const cut::Cut> plan(TimeRange range) {
    auto index = index::Index::open(store_, index::Access::read);
    EXPECT_TRUE(index) << index.error().message();
    auto cut = cut::plan(*index, "cam01", range);
    EXPECT_TRUE(cut) << cut.error().message();
    return cut ? *cut : nullptr;
  }
  static Bytes read_all(const cut::Cut& cut) {
    Bytes all(cut.size());
    const auto n = cut.read_at(0, all);
    EXPECT_TRUE(n) << n.error().message();
    return all;
  }
  // Descriptors of this process that are of files in media.
  size_t open_files() const {
    size_t count = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const std::string name = std::filesystem::read_symlink(entry.path(), error).string();
      if (!error && name.starts_with(media("cam01/"))) ++count;
    }
    return count;
  }
  template <typename Condition>
  static bool soon(Condition&& condition) {
    for (int i = 0; i < 400 && !condition(); ++i) std::this_thread::sleep_for(50ms);
    return condition();
  }

  PlanCache plans_{clock_};
};

TEST_F(PlanCacheTest, HoldsNoFileOpenThatNobodyReads) {
  recorded("cam01", t0_);
  const TimeRange range{t0_, t0_ + 1min};
  auto cut = plan(range);
  const Bytes before = read_all(*cut);
  plans_.keep("cam01", range, "1", cut);
  EXPECT_EQ(open_files(), 1u);
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(open_files(), 1u) << "as long as there is a reader";
  cut = nullptr;
  EXPECT_TRUE(soon([&] { return open_files() == 0; }));
  cut = plans_.find("cam01", range, "1");
  ASSERT_TRUE(cut);
  EXPECT_EQ(read_all(*cut), before) << "opened again";
}

TEST_F(PlanCacheTest, AFileInWritingIsFoundAgainUnderItsNextName) {
  add_to_index({});
  const WallMs start = floor_ms(SystemClock().wall()) - 4s;
  Writing w = begin("cam01", start);
  go_on(w, 3);
  const TimeRange range{start, start + 10s};
  auto cut = plan(range);
  const Bytes before = read_all(*cut);
  plans_.keep("cam01", range, "1", std::exchange(cut, nullptr));
  EXPECT_TRUE(soon([&] { return open_files() == 1; })) << "the writer's";
  EXPECT_EQ(read_all(*plans_.find("cam01", range, "1")), before);
  finish(w, "cam01", start);
  w = {};
  EXPECT_TRUE(soon([&] { return open_files() == 0; }));
  EXPECT_EQ(read_all(*plans_.find("cam01", range, "1")), before);
  // Another file by that name is not it.
  const std::string path = media(store_.segment_path("cam01", start));
  EXPECT_TRUE(soon([&] { return open_files() == 0; }));
  std::filesystem::copy_file(path, path + ".copy");
  std::filesystem::rename(path + ".copy", path);
  Bytes all(before.size());
  EXPECT_FALSE(plans_.find("cam01", range, "1")->read_at(0, all));
}

TEST_F(PlanCacheTest, OldPlansGoWithoutBeingAskedFor) {
  recorded("cam01", t0_);
  const TimeRange range{t0_, t0_ + 1min};
  plans_.keep("cam01", range, "1", plan(range));
  clock_.advance(4min);
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(plans_.size(), 1u);
  clock_.advance(2min);
  EXPECT_TRUE(soon([&] { return plans_.size() == 0; }));
}

}  // namespace
}  // namespace cbx::web
