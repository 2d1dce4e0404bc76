// Users, tokens, owners and viewers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "state/schema.h"
#include "state/state.h"
#include "temp_dir.h"

namespace cbx::state {
namespace {

using testing::ElementsAre;

constexpr WallMs kNow{Millis{1'700'000'000'000}};
constexpr std::chrono::hours kDay{24};

class AccountsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* id : {"cam01", "cam02"}) ASSERT_TRUE(state_.add_device(device(id)));
    for (const char* name : {"alice", "bob"}) ASSERT_TRUE(state_.add_user(user(name)));
  }
  State open() { return std::move(*State::open(path_, true)); }
  static Device device(const std::string& id) {
    Device device;
    device.id = id;
    device.created = kNow;
    return device;
  }
  static User user(const std::string& name) {
    User user;
    user.name = name;
    user.created = kNow;
    return user;
  }
  static Token token_of(const std::string& user) {
    Token token;
    token.user = user;
    token.created = kNow;
    return token;
  }
  static Token link_to(const std::string& device, WallMs until) {
    Token token;
    token.kind = TokenKind::link;
    token.device = device;
    token.until = until;
    token.created = kNow;
    return token;
  }
  Share share(const std::string& device, const std::string& user) { return {device, user, std::nullopt, kNow}; }

  test::TempDir dir_;
  std::string path_ = dir_.path() + "/state.db";
  State state_ = open();
};

TEST_F(AccountsTest, UsersAreKept) {
  User carol = user("carol.b_x-1");
  carol.email = "Carol@example.org";
  carol.password_hash = "$argon2id$...";
  carol.admin = true;
  ASSERT_TRUE(state_.add_user(carol));
  EXPECT_EQ(*state_.user(carol.name), carol);
  EXPECT_EQ(state_.users()->size(), 3u);
  ASSERT_TRUE(state_.set_password(carol.name, "another"));
  ASSERT_TRUE(state_.set_user_enabled(carol.name, false));
  EXPECT_EQ((*state_.user(carol.name))->password_hash, "another");
  EXPECT_FALSE((*state_.user(carol.name))->enabled);
  ASSERT_TRUE(state_.remove_user(carol.name));
  EXPECT_EQ(*state_.user(carol.name), std::nullopt);
  for (const Status& s : {state_.remove_user("nope"), state_.set_password("nope", ""),
                          state_.set_user_enabled("nope", true), Status(state_.belongings("nope").map([](auto&&) {}))})
    EXPECT_EQ(s.error().code(), ErrorCode::no_input);
}

TEST_F(AccountsTest, NamesAndAddressesAreCheckedAndUnique) {
  for (const char* bad : {"", "Alice", "-a", ".a", "a b", "a/b", "a:b", "é", "a\nb"})
    EXPECT_EQ(state_.add_user(user(bad)).error().code(), ErrorCode::data) << bad;
  EXPECT_FALSE(is_login_name(std::string(65, 'a')));
  EXPECT_TRUE(is_login_name(std::string(64, 'a')));
  EXPECT_EQ(state_.add_user(user("alice")).error().code(), ErrorCode::cannot_create);
  User carol = user("carol"), dave = user("dave");
  carol.email = "carol@example.org";
  dave.email = "CAROL@Example.org";
  ASSERT_TRUE(state_.add_user(carol));
  EXPECT_EQ(state_.add_user(dave).error().code(), ErrorCode::cannot_create);
  for (const char* bad : {"x", "@x", "x@", "a b@x", "a@b@c", "a\r\nb@x", "a,b@x", "<a@x>"})
    EXPECT_FALSE(check_email(bad)) << bad;
  for (const char* good : {"a@b", "a.b+c@example.org", "홍@example.kr"}) EXPECT_TRUE(check_email(good)) << good;
}

TEST_F(AccountsTest, TokensAreShownOnceAndKeptAsHashes) {
  Token wanted = token_of("alice");
  wanted.name = "backup script";
  wanted.device = "cam01";
  wanted.until = kNow + kDay;
  const auto made = state_.add_token(wanted);
  ASSERT_TRUE(made);
  EXPECT_TRUE(is_token(made->secret));
  EXPECT_EQ(made->token.id.size(), 12u);
  EXPECT_EQ(made->token.digest, token_digest(made->secret));
  EXPECT_THAT(*state_.tokens(), ElementsAre(made->token));
  ASSERT_TRUE(state_.backup(dir_.path() + "/copy", false));
  const auto bytes = read_file(dir_.path() + "/copy", 1 << 20);
  ASSERT_TRUE(bytes);
  EXPECT_NE(bytes->find(made->token.id), std::string::npos);
  EXPECT_EQ(bytes->find(made->secret.substr(4, 20)), std::string::npos);

  std::set<std::string> seen;
  for (int i = 0; i < 100; i++) seen.insert(state_.add_token(token_of("bob"))->secret);
  EXPECT_EQ(seen.size(), 100u);
  ASSERT_TRUE(state_.remove_token(made->token.id));
  EXPECT_EQ(state_.remove_token(made->token.id).error().code(), ErrorCode::no_input);
  for (const char* bad : {"", "cbx_", "cbx_short", "xbc_0123456789012345678901234567890123456789012"})
    EXPECT_FALSE(is_token(bad)) << bad;
  EXPECT_FALSE(is_token(made->secret + "A"));
}

TEST_F(AccountsTest, TheDigestIsSha256) {
  const TokenDigest digest = token_digest("abc");
  EXPECT_EQ(digest[0], 0xba);
  EXPECT_EQ(digest[31], 0xad);
}

TEST_F(AccountsTest, EachKindOfTokenHasWhatItNeeds) {
  Token camera;
  camera.kind = TokenKind::device;
  camera.device = "cam01";
  camera.created = kNow;
  EXPECT_TRUE(state_.add_token(camera));
  const auto link = state_.add_token(link_to("cam01", kNow + kDay));
  ASSERT_TRUE(link);
  EXPECT_TRUE(link->token.read_only);

  const auto refused = [&](Token token) { return state_.add_token(std::move(token)).error().code(); };
  EXPECT_EQ(refused(token_of("")), ErrorCode::usage);
  EXPECT_EQ(refused(token_of("nope")), ErrorCode::no_input);
  EXPECT_EQ(refused(link_to("cam09", kNow + kDay)), ErrorCode::no_input);
  EXPECT_EQ(refused(link_to("cam01", kNow)), ErrorCode::usage);
  Token endless = link_to("cam01", kNow);
  endless.until.reset();
  EXPECT_EQ(refused(endless), ErrorCode::usage);
  camera.user = "alice";
  EXPECT_EQ(refused(camera), ErrorCode::usage);
  Token rude = token_of("alice");
  rude.name = "a\033[2J";
  EXPECT_EQ(refused(rude), ErrorCode::data);
}

TEST_F(AccountsTest, WhatExpiredLongAgoGoes) {
  ASSERT_TRUE(state_.add_token(link_to("cam01", kNow + kDay)));
  ASSERT_TRUE(state_.share({"cam01", "bob", kNow + kDay, kNow}));
  Token later = token_of("alice");
  later.created = kNow + 7 * kDay;
  ASSERT_TRUE(state_.add_token(later));
  EXPECT_EQ(state_.tokens()->size(), 2u);
  later.created = kNow + 9 * kDay;
  ASSERT_TRUE(state_.add_token(later));
  EXPECT_EQ(state_.tokens()->size(), 2u);
  EXPECT_TRUE(state_.shares()->empty());
}

TEST_F(AccountsTest, OwnersAndViewers) {
  ASSERT_TRUE(state_.share(share("cam01", "bob")));
  ASSERT_TRUE(state_.set_owner("cam01", "alice"));
  EXPECT_EQ((*state_.device("cam01"))->owner, "alice");
  EXPECT_EQ(state_.share(share("cam01", "alice")).error().code(), ErrorCode::usage);
  EXPECT_THAT(*state_.shares(), ElementsAre(share("cam01", "bob")));
  Share bounded = share("cam01", "bob");
  bounded.until = kNow + kDay;
  ASSERT_TRUE(state_.share(bounded));
  EXPECT_THAT(*state_.shares(), ElementsAre(bounded));
  bounded.until = kNow;
  EXPECT_EQ(state_.share(bounded).error().code(), ErrorCode::usage);

  ASSERT_TRUE(state_.set_owner("cam01", "bob"));  // who was a viewer
  EXPECT_TRUE(state_.shares()->empty());
  ASSERT_TRUE(state_.set_owner("cam01", ""));
  EXPECT_EQ((*state_.device("cam01"))->owner, "");
  for (const Status& s :
       {state_.share(share("cam09", "bob")), state_.share(share("cam01", "nope")), state_.set_owner("cam09", "bob"),
        state_.set_owner("cam01", "nope"), state_.unshare("cam01", "bob"), state_.unshare("cam09", "bob")})
    EXPECT_EQ(s.error().code(), ErrorCode::no_input);
  Device owned = device("cam03");
  owned.owner = "bob";
  ASSERT_TRUE(state_.add_device(owned));
  EXPECT_EQ(*state_.device("cam03"), owned);
  owned.id = "cam04", owned.owner = "nope";
  EXPECT_EQ(state_.add_device(owned).error().code(), ErrorCode::no_input);
}

TEST_F(AccountsTest, WhatGoesWithAUserAndWithADevice) {
  ASSERT_TRUE(state_.set_owner("cam01", "alice"));
  ASSERT_TRUE(state_.share(share("cam02", "alice")));
  ASSERT_TRUE(state_.share(share("cam01", "bob")));
  ASSERT_TRUE(state_.add_token(token_of("alice")));
  ASSERT_TRUE(state_.add_token(link_to("cam01", kNow + kDay)));
  Token narrow = token_of("bob");
  narrow.device = "cam01";
  ASSERT_TRUE(state_.add_token(narrow));
  const Belongings all = *state_.belongings("alice");
  EXPECT_THAT(all.devices, ElementsAre("cam01"));
  EXPECT_EQ(all.tokens, 1);
  EXPECT_EQ(all.shares, 1);

  ASSERT_TRUE(state_.remove_user("alice"));
  EXPECT_EQ((*state_.device("cam01"))->owner, "");
  EXPECT_THAT(*state_.shares(), ElementsAre(share("cam01", "bob")));
  EXPECT_EQ(state_.tokens()->size(), 2u);

  ASSERT_TRUE(state_.remove_device("cam01"));
  EXPECT_TRUE(state_.shares()->empty());
  EXPECT_TRUE(state_.tokens()->empty());
}

TEST_F(AccountsTest, TheCounterMovesForAllButUse) {
  State watcher = open();
  int64_t last = *watcher.change_counter();
  const auto moved = [&] {
    const int64_t now = *watcher.change_counter();
    return std::exchange(last, now) != now;
  };
  ASSERT_TRUE(state_.add_user(user("carol")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.set_password("carol", "x"));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.set_user_enabled("carol", false));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.set_owner("cam01", "carol"));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.share(share("cam02", "carol")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.share(share("cam02", "carol")));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.unshare("cam02", "carol"));
  EXPECT_TRUE(moved());
  const auto token = state_.add_token(token_of("carol"));
  ASSERT_TRUE(token);
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.touch_token(token->token.id, kNow + std::chrono::hours{5}));
  EXPECT_FALSE(moved());
  EXPECT_EQ(state_.tokens()->front().last_used, std::chrono::floor<std::chrono::days>(kNow + std::chrono::hours{5}));
  ASSERT_TRUE(state_.remove_token(token->token.id));
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.remove_user("carol"));
  EXPECT_TRUE(moved());
}

TEST_F(AccountsTest, AccountsIsAllOfIt) {
  ASSERT_TRUE(state_.share(share("cam02", "alice")));
  ASSERT_TRUE(state_.add_token(token_of("bob")));
  const auto all = state_.accounts();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->change_counter, *state_.change_counter());
  EXPECT_EQ(all->devices, *state_.devices());
  EXPECT_EQ(all->users, *state_.users());
  EXPECT_EQ(all->tokens, *state_.tokens());
  EXPECT_EQ(all->shares, *state_.shares());
  EXPECT_TRUE(state_.set_owner("cam01", "bob"));  // no transaction is left open
}

TEST_F(AccountsTest, BackupsCarryAll) {
  ASSERT_TRUE(state_.set_owner("cam01", "alice"));
  ASSERT_TRUE(state_.share(share("cam01", "bob")));
  ASSERT_TRUE(state_.add_token(token_of("bob")));
  const auto before = *state_.accounts();
  const std::string copy = dir_.path() + "/copy";
  ASSERT_TRUE(state_.backup(copy, false));
  ASSERT_TRUE(state_.remove_user("alice"));
  ASSERT_TRUE(state_.remove_user("bob"));
  ASSERT_TRUE(State::restore(copy, path_, true));
  const auto after = *state_.accounts();
  EXPECT_NE(after.change_counter, before.change_counter);
  EXPECT_EQ(after.devices, before.devices);
  EXPECT_EQ(after.users, before.users);
  EXPECT_EQ(after.tokens, before.tokens);
  EXPECT_EQ(after.shares, before.shares);
}

TEST(Migration, DevicesOfTheFirstVersionStay) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/state.db";
  {
    db::Schema first = schema();
    first.migrations = first.migrations.first(1);
    auto old = db::Database::open(path, first, db::OpenMode::create);
    ASSERT_TRUE(old);
    ASSERT_TRUE(
        old->exec("INSERT INTO device VALUES ('cam01', 'front', '0123456789', 128, 1, 1700000000000);"
                  "INSERT INTO device_tag VALUES ('cam01', 'seoul')"));
  }
  auto state = State::open(path, false);
  ASSERT_TRUE(state);
  const auto device = *state->device("cam01");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->nickname, "front");
  EXPECT_EQ(device->owner, "");
  EXPECT_THAT(device->tags, ElementsAre("seoul"));
  User alice;
  alice.name = "alice";
  ASSERT_TRUE(state->add_user(alice));
  EXPECT_TRUE(state->set_owner("cam01", "alice"));
}

TEST(Password, HashesAreArgon2idAndSalted) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->find("$argon2id$v=19$m=65536,t=2,p=1$"), 0u) << *hash;
  EXPECT_NE(*hash, *hash_password("correct horse"));
  EXPECT_TRUE(verify_password(*hash, "correct horse"));
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"})
    EXPECT_FALSE(verify_password(*hash, wrong)) << wrong;
  for (const std::string& no_hash : {std::string(), std::string("junk"), std::string(200, '$'), hash->substr(0, 60)})
    EXPECT_FALSE(verify_password(no_hash, "correct horse"));
  EXPECT_FALSE(verify_password(nobodys_hash(), ""));
  EXPECT_EQ(nobodys_hash().substr(0, 30), hash->substr(0, 30));  // takes as long
}

TEST(Password, Rules) {
  EXPECT_TRUE(check_password("여덟글자비밀번호"));
  EXPECT_FALSE(check_password("여덟글자"));
  EXPECT_TRUE(check_password(std::string(1024, 'x')));
  EXPECT_FALSE(check_password(std::string(1025, 'x')));
  EXPECT_FALSE(check_password("with\ttabulator"));
  EXPECT_FALSE(check_password("\xff\xfe broken utf-8"));
  EXPECT_FALSE(check_password("cbx_" + std::string(43, 'a')));
  const Status leaky = check_password("secret\n");
  EXPECT_EQ(leaky.error().message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace cbx::state
