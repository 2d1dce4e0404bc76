#include "state/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "base/file.h"
#include "temp_dir.h"

namespace cbx::state {
namespace {

using testing::ElementsAre;

class StateTest : public testing::Test {
 protected:
  State open() { return std::move(*State::open(path_, true)); }
  Device device(const std::string& id) {
    return {.id = id,
            .nickname = "",
            .key = "0123456789abcdef",
            .key_bits = 128,
            .tags = {},
            .enabled = true,
            .created = WallMs{Millis{1'700'000'000'123}}};
  }
  test::TempDir dir_;
  std::string path_ = dir_.path() + "/state.db";
};

TEST_F(StateTest, KeepsWhatItIsTold) {
  State state = open();
  Device cam = device("cam01");
  cam.nickname = "앞 카메라";
  cam.tags = {"front", "seoul"};
  cam.key_bits = 256;
  ASSERT_TRUE(state.add_device(cam));
  ASSERT_TRUE(state.add_device(device("aaa")));
  EXPECT_EQ(*state.device("cam01"), cam);
  EXPECT_EQ(*state.device("cam02"), std::nullopt);
  const auto all = *state.devices();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, "aaa");
  EXPECT_EQ(all[1], cam);
  struct stat st {};
  ASSERT_EQ(::stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST_F(StateTest, ChangesOneThingAtATime) {
  State state = open();
  ASSERT_TRUE(state.add_device(device("cam01")));
  EXPECT_TRUE(state.rename_device("cam01", "앞"));
  EXPECT_TRUE(state.set_key("cam01", "another-key-1", 256));
  EXPECT_TRUE(state.set_enabled("cam01", false));
  const std::vector<std::string> ab{"a", "b"}, b{"b"};
  EXPECT_TRUE(state.tag_device("cam01", ab, {}));
  EXPECT_TRUE(state.tag_device("cam01", ab, b));
  const Device now = **state.device("cam01");
  EXPECT_EQ(now.nickname, "앞");
  EXPECT_EQ(now.key, "another-key-1");
  EXPECT_EQ(now.key_bits, 256);
  EXPECT_FALSE(now.enabled);
  EXPECT_THAT(now.tags, ElementsAre("a", "b"));
  EXPECT_TRUE(state.remove_device("cam01"));
  EXPECT_EQ(*state.device("cam01"), std::nullopt);
}

TEST_F(StateTest, StrangersMayCallTheirsTheSame) {
  State state = open();
  for (const char* name : {"kim", "lee"}) {
    User user{};
    user.name = name;
    ASSERT_TRUE(state.add_user(user));
  }
  Device van = device("van1");
  van.owner = "kim";
  van.nickname = "front";
  ASSERT_TRUE(state.add_device(van));
  van.id = "van2";
  EXPECT_EQ(state.add_device(van).error().code(), ErrorCode::cannot_create);
  van.owner = "lee";
  ASSERT_TRUE(state.add_device(van));
  ASSERT_TRUE(state.rename_device("van2", "van1"));  // whose id that is nobody learns
  ASSERT_TRUE(state.rename_device("van2", "front"));
  EXPECT_EQ(state.rename_device("unknown", "x").error().code(), ErrorCode::no_input);
}

TEST_F(StateTest, RefusesBadAndTakenNames) {
  State state = open();
  Device cam = device("cam01");
  cam.nickname = "front";
  ASSERT_TRUE(state.add_device(cam));
  EXPECT_EQ(state.add_device(cam).error().code(), ErrorCode::cannot_create);
  EXPECT_EQ(state.add_device(device("front")).error().code(), ErrorCode::cannot_create);
  ASSERT_TRUE(state.add_device(device("cam02")));
  for (const char* taken : {"front", "cam01"})
    EXPECT_EQ(state.rename_device("cam02", taken).error().code(), ErrorCode::cannot_create) << taken;
  for (const char* id : {"", "../x", "CAM", "a b"})
    EXPECT_EQ(state.add_device(device(id)).error().code(), ErrorCode::data);
  for (const char* key : {"short", "with a space in", "tab\tin the key", ""}) {
    Device bad = device("cam03");
    bad.key = key;
    EXPECT_EQ(state.add_device(bad).has_value(), std::string(key).empty()) << key;
  }
  EXPECT_FALSE(check_key(std::string(80, 'x')));
  EXPECT_TRUE(check_key(std::string(79, 'x')));
  const Status leaky = check_key("secret passphrase");
  EXPECT_EQ(leaky.error().message().find("secret"), std::string::npos);
  EXPECT_FALSE(check_nickname("a\033b"));
  EXPECT_FALSE(check_nickname("tag:x"));
  for (const char* pattern : {"*", "cam?", "[ab]", "a]", "a\\b"}) EXPECT_FALSE(check_nickname(pattern)) << pattern;
  EXPECT_FALSE(check_tag("a,b"));
  for (const Status& s :
       {state.rename_device("nope", "x"), state.remove_device("nope"), state.set_enabled("nope", true),
        state.set_key("nope", "", 128), state.tag_device("nope", {}, {})})
    EXPECT_EQ(s.error().code(), ErrorCode::no_input);
}

TEST_F(StateTest, KeysAreLongUnambiguousAndDifferent) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; i++) {
    const auto key = generate_key();
    ASSERT_TRUE(key);
    EXPECT_EQ(key->size(), 24u);
    EXPECT_EQ(key->find_first_of("0o1liIO"), std::string::npos);
    EXPECT_TRUE(check_key(*key));
    seen.insert(*key);
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST_F(StateTest, CounterMovesForEveryConnection) {
  State one = open(), two = open();
  int64_t last = *two.change_counter();
  const auto moved = [&] {
    const int64_t now = *two.change_counter();
    return std::exchange(last, now) != now;
  };
  EXPECT_FALSE(moved());
  ASSERT_TRUE(one.add_device(device("cam01")));
  EXPECT_TRUE(moved());
  EXPECT_FALSE(moved());
  ASSERT_TRUE(one.set_enabled("cam01", false));
  EXPECT_TRUE(moved());
  const std::vector<std::string> tag{"t"};
  ASSERT_TRUE(one.tag_device("cam01", tag, {}));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(one.remove_device("cam01"));
  EXPECT_TRUE(moved());
}

TEST_F(StateTest, BackupAndRestoreIntoAnOpenState) {
  State state = open(), watcher = open();
  ASSERT_TRUE(state.add_device(device("cam01")));
  const std::string copy = dir_.path() + "/copy";
  ASSERT_TRUE(state.backup(copy, false));
  EXPECT_EQ(state.backup(copy, false).error().code(), ErrorCode::cannot_create);
  EXPECT_TRUE(state.backup(copy, true));
  struct stat st {};
  ASSERT_EQ(::stat(copy.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  EXPECT_NE(::access((copy + "-wal").c_str(), F_OK), 0);

  ASSERT_TRUE(state.add_device(device("cam02")));
  const int64_t before = *watcher.change_counter();
  EXPECT_EQ(State::restore(copy, path_, false).error().code(), ErrorCode::cannot_create);
  ASSERT_TRUE(State::restore(copy, path_, true));
  EXPECT_NE(*watcher.change_counter(), before);
  EXPECT_EQ(watcher.devices()->size(), 1u);
  EXPECT_TRUE(state.add_device(device("cam03")));
}

TEST_F(StateTest, RestoreOverADamagedFileIsSeenByWatchers) {
  State watcher = open();
  ASSERT_TRUE(watcher.add_device(device("cam01")));
  const std::string copy = dir_.path() + "/copy";
  ASSERT_TRUE(watcher.backup(copy, false));
  ASSERT_TRUE(replace_file(path_, "not a database at all, but long enough to be looked at", 0600));
  ASSERT_TRUE(State::restore(copy, path_, true));
  EXPECT_TRUE(watcher.change_counter());
  EXPECT_EQ(watcher.devices()->size(), 1u);
}

TEST_F(StateTest, RestoreRefusesWhatIsNoState) {
  const std::string bad = dir_.path() + "/bad";
  ASSERT_TRUE(replace_file(bad, std::string(4096, 'x'), 0600));
  EXPECT_EQ(State::restore(bad, path_, true).error().code(), ErrorCode::data);
  EXPECT_EQ(State::restore(bad + "x", path_, true).error().code(), ErrorCode::no_input);
  ASSERT_TRUE(replace_file(bad, "", 0600));
  EXPECT_EQ(State::restore(bad, path_, true).error().code(), ErrorCode::data);
  // A good head with a damaged page behind it.
  {
    State state = open();
    for (int i = 0; i < 200; i++) ASSERT_TRUE(state.add_device(device("cam" + std::to_string(i))));
    ASSERT_TRUE(state.backup(bad, true));
  }
  std::string bytes = *read_file(bad, 1 << 20);
  for (size_t i = 4096; i < bytes.size(); i += 7) bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
  ASSERT_TRUE(replace_file(bad, bytes, 0600));
  EXPECT_EQ(State::restore(bad, path_, true).error().code(), ErrorCode::data);
  EXPECT_EQ(open().devices()->size(), 200u);
}

}  // namespace
}  // namespace cbx::state
