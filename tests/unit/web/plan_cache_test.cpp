#include "web/plan_cache.h"

#include <gtest/gtest.h>

#include <thread>

#include "web/test_clock.h"

namespace cbx::web {
namespace {

class FakeCut final : public cut::Cut {
 public:
  uint64_t size() const override { return 0; }
  Result<size_t> read_at(uint64_t, std::span<uint8_t>) const override { return size_t{0}; }
  const std::string& device() const override { return text_; }
  TimeRange range() const override { return {}; }
  TimeRange covered() const override { return {}; }
  const std::vector<cut::Source>& sources() const override { return sources_; }
  const std::vector<cut::Hole>& holes() const override { return holes_; }
  int64_t duration_ms() const override { return 0; }
  std::string identity() const override { return text_; }
  std::string file_name() const override { return text_; }

 private:
  std::string text_;
  std::vector<cut::Source> sources_;
  std::vector<cut::Hole> holes_;
};

TEST(PlanCache, OldPlansGoWithoutBeingAskedFor) {
  test::TestClock clock;
  PlanCache plans(clock);
  auto cut = std::make_shared<const FakeCut>();
  const std::weak_ptr<const FakeCut> held = cut;
  plans.keep("cam01", {}, "1", std::move(cut));
  EXPECT_NE(plans.find("cam01", {}, "1"), nullptr);
  clock.pass(std::chrono::minutes(6));
  for (int i = 0; i < 100 && !held.expired(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(held.expired());
}

}  // namespace
}  // namespace cbx::web
