#include "index/adder.h"

#include <unistd.h>

#include <thread>

#include "fixture.h"
#include "index/tail.h"

namespace cbx::index {
namespace {

using AdderTest = IndexTest;

TEST_F(AdderTest, TakesLinesAndJournalsAndCountsBadOnes) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  const UniqueFd in(fds[0]);
  UniqueFd out(fds[1]);
  journal(segment("cam01", t0_));
  std::string text;
  for (int i = 1; i <= 250; i++) text += to_line(segment("cam01", t0_ + i * kMinute)) + "\n";
  text += "junk\n\n{\"v\":1,\"type\":\"of tomorrow\"}\n" + to_line(segment("cam02", t0_));  // no newline at the end
  std::thread writer([&] {
    ASSERT_TRUE(write_all(out.get(), as_bytes(text), "pipe"));
    journal(segment("cam03", t0_));
    out.reset();
  });
  auto signals = SignalFd::create();
  const SystemClock clock;
  const Logger log = Logger::silent();
  AdderOptions options;
  options.input = in.get();
  Adder adder(open(), log, clock, *signals, options);
  const auto bad = adder.run();
  writer.join();
  ASSERT_TRUE(bad) << bad.error().message();
  EXPECT_EQ(*bad, 1);
  Index index = open();
  EXPECT_EQ(segments(index, kEver).size(), 251u);
  EXPECT_EQ(segments(index, kEver, "cam02").size(), 1u);
  EXPECT_EQ(segments(index, kEver, "cam03").size(), 1u);
}

TEST_F(AdderTest, LineWithoutEndIsOneBadLine) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  const UniqueFd in(fds[0]);
  UniqueFd out(fds[1]);
  const Logger log = Logger::silent();
  std::thread writer([&] {
    ASSERT_TRUE(write_all(out.get(), as_bytes(std::string(3 << 20, 'x') + "\n"), "pipe"));
    out.reset();
  });
  auto reader = *RecordReader::start(in.get(), log);
  while (!reader->finished()) std::this_thread::sleep_for(Millis{5});
  writer.join();
  EXPECT_EQ(reader->bad_lines(), 1);
}

class Tail : public IndexTest {
 protected:
  std::vector<std::string> once(TailCursor& cursor, const TailFilter& filter = {}, bool deliver = true) {
    std::vector<std::string> out;
    const Status s = tail_once(
        store_, cursor, filter,
        [&](const Record& r) { out.push_back(record_device(r) + " " + format_rfc3339(record_time(r)).substr(11, 5)); },
        [&]() -> Status { return deliver ? Status{} : fail(ErrorCode::io, "no"); }, [](const auto&) {});
    EXPECT_EQ(s.has_value(), deliver);
    return out;
  }
};

TEST_F(Tail, InOrderOfTimeAndAtLeastOnce) {
  journal(segment("cam02", t0_ + kMinute));
  journal(segment("cam01", t0_ + 2 * kMinute));
  journal(segment("cam01", t0_ + 24 * 60 * kMinute));
  journal(segment("cam02", t0_ + 3 * kMinute));
  TailCursor cursor;
  const std::vector<std::string> first_day{"cam02 08:01", "cam01 08:02", "cam02 08:03"};
  // Lines that did not get out come again.
  EXPECT_EQ(once(cursor, {}, false), first_day);
  auto all = first_day;
  all.push_back("cam01 08:00");
  EXPECT_EQ(once(cursor), all);
  EXPECT_TRUE(once(cursor).empty());
  const std::string file = dir_.path() + "/cursor";
  ASSERT_TRUE(cursor.save(file));
  journal(segment("cam02", t0_ + 4 * kMinute));
  auto loaded = *TailCursor::load(file);
  EXPECT_EQ(once(loaded), std::vector<std::string>{"cam02 08:04"});
  TailFilter filter;
  filter.device = [](const std::string& id) { return id == "cam01"; };
  TailCursor fresh;
  EXPECT_EQ(once(fresh, filter).size(), 2u);
  TailCursor skipped;
  ASSERT_TRUE(tail_skip(store_, skipped));
  EXPECT_TRUE(once(skipped).empty());
}

TEST_F(Tail, CursorFileIsChecked) {
  const std::string file = dir_.path() + "/cursor";
  EXPECT_TRUE(TailCursor::load(file)->journals.empty());
  for (const char* bad : {"", "x", "{}", "{\"v\":2,\"journals\":{}}", "{\"v\":1,\"journals\":{\"a\":-1}}"}) {
    ASSERT_TRUE(replace_file(file, bad, 0600));
    EXPECT_EQ(TailCursor::load(file).error().code(), ErrorCode::data) << bad;
  }
}

}  // namespace
}  // namespace cbx::index
