// Who is logged in, and what logs people out.
#include "state/login_fixture.h"
#include "state/session.h"

namespace cbx::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SessionsTest : public LoginTest {};

TEST_F(SessionsTest, OnlyTheHashIsKept) {
  const NewSession made = session("alice");
  EXPECT_EQ(made.secret.size(), 43u);
  EXPECT_EQ(made.session.digest, token_digest(made.secret));
  EXPECT_EQ(made.session.until, kNow + 90 * kDay);
  EXPECT_THAT(*state_.sessions(), ElementsAre(made.session));
  EXPECT_THAT(state_.accounts()->sessions, ElementsAre(made.session));
  EXPECT_EQ(bytes().find(made.secret), std::string::npos);
  EXPECT_NE(session("alice").secret, made.secret);
  EXPECT_EQ(state_.add_session("nobody", "", "", kNow).error().code(), ErrorCode::no_input);
  // A restart.
  state_ = open();
  EXPECT_THAT(*state_.sessions(), SizeIs(2));
}

TEST_F(SessionsTest, WhatAStrangerSentIsCleaned) {
  const std::string agent = "a\x1b[31m\xff" + std::string(196, 'x') + "가나";
  const Session made = state_.add_session("alice", "192.0.2.1\n", agent, kNow)->session;
  EXPECT_LE(made.agent.size(), 200u);
  EXPECT_EQ(made.agent.substr(0, 8), "a\\x1b[31");
  EXPECT_EQ(made.address, "192.0.2.1\\x0a");
  const Session wide = state_.add_session("alice", "", std::string(199, 'x') + "가", kNow)->session;
  EXPECT_EQ(wide.agent, std::string(199, 'x'));
  std::string hangul;
  while (hangul.size() < 240) hangul += "가";
  EXPECT_EQ(state_.add_session("alice", "", hangul, kNow)->session.agent, hangul.substr(0, 198));
}

TEST_F(SessionsTest, ValidUntilItEndsOrIdles) {
  Session s = session("alice").session;
  EXPECT_TRUE(session_valid(s, kNow));
  EXPECT_TRUE(session_valid(s, kNow + 14 * kDay - Millis{1}));
  EXPECT_FALSE(session_valid(s, kNow + 14 * kDay));
  s.last_used = kNow + 89 * kDay;
  EXPECT_TRUE(session_valid(s, kNow + 90 * kDay - Millis{1}));
  EXPECT_FALSE(session_valid(s, kNow + 90 * kDay));
  // A clock that is set back a little ends nothing; one that was years ahead doesn't make sessions for years.
  EXPECT_TRUE(session_valid(session("alice").session, kNow - kMinute));
  EXPECT_FALSE(session_valid(session("alice", kNow + 1000 * kDay).session, kNow));
}

TEST_F(SessionsTest, WhatEndedIsTakenAway) {
  session("alice", kNow - 20 * kDay);
  const auto used = session("bob", kNow - 20 * kDay);
  session("bob", kNow + 400 * kDay);  // the clock was wrong
  EXPECT_THAT(*state_.sessions(), SizeIs(1)) << "the others had ended by then";
  const auto kept = session("bob");
  EXPECT_THAT(*state_.sessions(), ElementsAre(kept.session));
}

TEST_F(SessionsTest, OnlySoManyAUser) {
  const auto first = session("alice"), second = session("alice");
  ASSERT_TRUE(state_.touch_session(first.session.id, "192.0.2.9", kNow + kMinute));
  session("bob");
  for (int i = 0; i < 49; i++) session("alice", kNow + Millis{i + 1});
  const auto all = *state_.sessions();
  EXPECT_THAT(all, SizeIs(51));
  for (const auto& s : all) EXPECT_NE(s.id, second.session.id) << "it was unused for longest";
}

TEST_F(SessionsTest, TouchingIsNoChange) {
  const auto made = session("alice");
  EXPECT_TRUE(moved());
  ASSERT_TRUE(state_.touch_session(made.session.id, "192.0.2.9", kNow + kMinute));
  EXPECT_FALSE(moved());
  Session touched = made.session;
  touched.last_used = kNow + kMinute;
  touched.address = "192.0.2.9";
  EXPECT_THAT(*state_.sessions(), ElementsAre(touched));
  ASSERT_TRUE(state_.end_session(made.session.id));
  EXPECT_TRUE(moved());
  EXPECT_TRUE(state_.touch_session(made.session.id, "192.0.2.9", kNow));
  EXPECT_THAT(*state_.sessions(), IsEmpty());
  EXPECT_EQ(state_.end_session(made.session.id).error().code(), ErrorCode::no_input);
}

TEST_F(SessionsTest, EndingAllButOne) {
  const auto here = session("alice"), there = session("alice"), other = session("bob");
  ASSERT_TRUE(state_.end_sessions("alice", here.session.id));
  EXPECT_THAT(*state_.sessions(), testing::UnorderedElementsAre(here.session, other.session));
  ASSERT_TRUE(state_.end_sessions("alice", ""));
  EXPECT_THAT(*state_.sessions(), ElementsAre(other.session));
  EXPECT_EQ(state_.end_sessions("nobody", "").error().code(), ErrorCode::no_input);
}

TEST_F(SessionsTest, ANewPasswordEndsTheOthers) {
  const auto here = session("alice"), there = session("alice");
  const auto begun = begin(login("alice"));
  ASSERT_TRUE(state_.set_password("alice", "$argon2id$new", here.session.id));
  EXPECT_THAT(*state_.sessions(), ElementsAre(here.session));
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::gone) << "the old password had begun it";
  ASSERT_TRUE(state_.set_password("alice", "$argon2id$new"));
  EXPECT_THAT(*state_.sessions(), IsEmpty());
}

TEST_F(SessionsTest, DisabledAndRemovedUsersAreLoggedOut) {
  session("alice");
  const auto begun = begin(login("alice"));
  ASSERT_TRUE(state_.operator_code("alice", kNow));
  (void)moved();
  ASSERT_TRUE(state_.set_user_enabled("alice", false));
  EXPECT_TRUE(moved());
  EXPECT_THAT(*state_.sessions(), IsEmpty());
  EXPECT_EQ(state_.add_session("alice", "", "", kNow).error().code(), ErrorCode::permission);
  EXPECT_EQ(state_.operator_code("alice", kNow).error().code(), ErrorCode::permission);
  ASSERT_TRUE(state_.set_user_enabled("alice", true));
  EXPECT_THAT(*state_.sessions(), IsEmpty());
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::gone);

  const auto made = session("bob");
  EXPECT_EQ(state_.belongings("bob")->sessions, 1);
  (void)moved();
  ASSERT_TRUE(state_.remove_user("bob"));
  EXPECT_TRUE(moved());
  EXPECT_THAT(*state_.sessions(), IsEmpty());
}

TEST_F(SessionsTest, BackupsCarryThem) {
  const auto made = session("alice");
  const std::string secret = authenticator("bob");
  const auto begun = begin(sign_up("carol"));
  const auto invite = *state_.add_invite({.created = kNow});
  ASSERT_TRUE(state_.backup(dir_.path() + "/copy", false));
  ASSERT_TRUE(state_.remove_user("alice"));
  ASSERT_TRUE(state_.remove_user("bob"));
  ASSERT_TRUE(state_.remove_invite(invite.invite.id));
  ASSERT_TRUE(State::restore(dir_.path() + "/copy", path_, true));
  EXPECT_THAT(*state_.sessions(), ElementsAre(made.session));
  EXPECT_TRUE(*state_.take_second_factor("bob", *totp_code(secret, kNow), kNow));
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::right);
  EXPECT_TRUE(*state_.find_invite(invite.secret, kNow));
}

TEST(LoginMigration, UsersOfTheSecondVersionStay) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/state.db";
  {
    db::Schema second = schema();
    second.migrations = second.migrations.first(2);
    auto old = db::Database::open(path, second, db::OpenMode::create);
    ASSERT_TRUE(old);
    ASSERT_TRUE(
        old->exec("INSERT INTO user VALUES ('alice', 'alice@example.org', 'hash', 1, 1, 1700000000000);"
                  "INSERT INTO device VALUES ('cam01', 'front', '0123456789', 128, 1, 1700000000000, 'alice');"
                  "INSERT INTO token VALUES ('0123', zeroblob(32), 'user', 'alice', NULL, '', 0, NULL, 1, NULL);"
                  "INSERT INTO share VALUES ('cam01', 'alice', NULL, 1)"));
  }
  auto state = State::open(path, false);
  ASSERT_TRUE(state) << state.error().message();
  const auto all = *state->accounts();
  ASSERT_EQ(all.users.size(), 1u);
  const User& alice = all.users[0];
  EXPECT_EQ(alice.email, "alice@example.org");
  EXPECT_TRUE(alice.admin);
  EXPECT_EQ(alice.email_proven, std::nullopt);
  EXPECT_EQ(alice.language, "");
  EXPECT_FALSE(alice.totp);
  EXPECT_EQ(all.devices.at(0).owner, "alice");
  EXPECT_EQ(all.tokens.size(), 1u);
  EXPECT_EQ(all.shares.size(), 1u);
  EXPECT_TRUE(all.sessions.empty());
  EXPECT_TRUE(state->add_session("alice", "", "", kNow));
}

}  // namespace
}  // namespace cbx::state
