// Invitations, what changes about a user, and claiming a device.
#include <set>

#include "state/invite.h"
#include "state/login_fixture.h"

namespace cbx::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class InvitesTest : public LoginTest {
 protected:
  NewInvite invite(Invite wanted) {
    wanted.created = kNow;
    auto made = state_.add_invite(std::move(wanted));
    EXPECT_TRUE(made) << made.error().message();
    return made ? *made : NewInvite{};
  }
  Challenge sign_up_by(const NewInvite& invite) {
    Challenge wanted = sign_up("carol");
    wanted.invite_id = invite.invite.id;
    return wanted;
  }
  // A sign-up that is proven.
  std::string proven(const Challenge& wanted) {
    const auto begun = begin(wanted);
    EXPECT_EQ(verdict(begun.id, begun.code), Verdict::right);
    return begun.id;
  }
};

TEST_F(InvitesTest, MadeListedTakenBack) {
  const auto made = invite({.admin = true, .by = "alice"});
  EXPECT_EQ(made.secret.size(), 43u);
  EXPECT_EQ(made.invite.until, kNow + 7 * kDay);
  EXPECT_EQ(bytes().find(made.secret), std::string::npos);
  EXPECT_THAT(*state_.invites(), ElementsAre(made.invite));
  EXPECT_EQ(*state_.find_invite(made.secret, kNow), made.invite);
  EXPECT_EQ(*state_.find_invite(made.secret, kNow + 7 * kDay), std::nullopt);
  for (const std::string& junk : {std::string(), std::string(43, 'a'), made.invite.id})
    EXPECT_EQ(*state_.find_invite(junk, kNow), std::nullopt);
  ASSERT_TRUE(state_.remove_invite(made.invite.id));
  EXPECT_EQ(*state_.find_invite(made.secret, kNow), std::nullopt);
  EXPECT_EQ(state_.remove_invite(made.invite.id).error().code(), ErrorCode::no_input);
}

TEST_F(InvitesTest, WhatMakesNoSense) {
  const auto refused = [&](Invite wanted) { return state_.add_invite(std::move(wanted)).error().code(); };
  EXPECT_EQ(refused({.email = "nonsense", .created = kNow}), ErrorCode::data);
  EXPECT_EQ(refused({.created = kNow, .until = kNow}), ErrorCode::usage);
  EXPECT_EQ(refused({.created = kNow, .by = "nobody"}), ErrorCode::no_input);
  EXPECT_EQ(refused({.email = "BOB@example.org", .created = kNow}), ErrorCode::cannot_create);
}

TEST_F(InvitesTest, ExpiredOnesAreListedForAWeek) {
  invite({});
  ASSERT_TRUE(state_.add_invite({.created = kNow + 13 * kDay}));
  EXPECT_THAT(*state_.invites(), SizeIs(2));
  ASSERT_TRUE(state_.add_invite({.created = kNow + 15 * kDay}));
  EXPECT_THAT(*state_.invites(), SizeIs(2));
}

TEST_F(InvitesTest, UsedUpByOneSignUp) {
  const auto made = invite({.admin = true});
  const std::string first = proven(sign_up_by(made));
  Challenge other = sign_up_by(made);
  other.email = "dave@example.org";
  const std::string second = proven(other);
  EXPECT_EQ(state_.finish_sign_up(first, "alice", kNow).error().code(), ErrorCode::cannot_create);
  const auto carol = state_.finish_sign_up(first, "carol", kNow);
  ASSERT_TRUE(carol);
  EXPECT_TRUE(carol->admin);
  EXPECT_THAT(*state_.invites(), IsEmpty());
  EXPECT_EQ(state_.finish_sign_up(second, "dave", kNow).error().code(), ErrorCode::no_input);
  EXPECT_EQ(known("dave").name, "");
  EXPECT_EQ(state_.add_challenge(sign_up_by(made), kNow).error().code(), ErrorCode::no_input);
}

TEST_F(InvitesTest, AnAddressedOneIsForThatAddress) {
  const auto made = invite({.email = "Dave@example.org"});
  EXPECT_EQ(state_.add_challenge(sign_up_by(made), kNow).error().code(), ErrorCode::usage);
  Challenge right = sign_up_by(made);
  right.email = "dave@example.org";
  EXPECT_TRUE(state_.finish_sign_up(proven(right), "dave", kNow));
}

TEST_F(InvitesTest, GoWithWhoMadeThem) {
  for (const char* name : {"alice", "bob"}) ASSERT_TRUE(state_.set_admin(name, true));
  invite({.by = "alice"});
  ASSERT_TRUE(state_.set_admin("alice", false));
  EXPECT_THAT(*state_.invites(), IsEmpty());
  invite({.by = "alice"});
  ASSERT_TRUE(state_.set_user_enabled("alice", false));
  EXPECT_THAT(*state_.invites(), IsEmpty());
  invite({.by = "bob"});
  ASSERT_TRUE(state_.remove_user("bob"));
  EXPECT_THAT(*state_.invites(), IsEmpty());
}

TEST_F(InvitesTest, EmailLanguageAdmin) {
  ASSERT_TRUE(state_.set_email("alice", "a@example.org", kNow));
  EXPECT_EQ(known("alice").email, "a@example.org");
  EXPECT_EQ(known("alice").email_proven, kNow);
  EXPECT_EQ(state_.set_email("alice", "BOB@example.org", kNow).error().code(), ErrorCode::cannot_create);
  EXPECT_EQ(state_.set_email("alice", "x", kNow).error().code(), ErrorCode::data);
  EXPECT_TRUE(state_.set_email("alice", "A@example.org", std::nullopt));
  EXPECT_EQ(known("alice").email_proven, std::nullopt);
  EXPECT_TRUE(state_.set_email("alice", "", kNow));
  EXPECT_EQ(known("alice").email_proven, std::nullopt);
  ASSERT_TRUE(state_.set_language("alice", "ko"));
  EXPECT_EQ(known("alice").language, "ko");
  for (const char* bad : {"K", "k", "korean-kr", "<b>", "한국"})
    EXPECT_EQ(state_.set_language("alice", bad).error().code(), ErrorCode::data) << bad;

  ASSERT_TRUE(state_.set_admin("alice", true));
  EXPECT_EQ(state_.set_admin("alice", false).error().code(), ErrorCode::usage) << "the last one";
  EXPECT_TRUE(state_.set_admin("bob", false)) << "who is none anyway";
  ASSERT_TRUE(state_.set_admin("bob", true));
  ASSERT_TRUE(state_.set_user_enabled("bob", false));
  EXPECT_EQ(state_.set_admin("alice", false).error().code(), ErrorCode::usage) << "the other is disabled";
  EXPECT_TRUE(state_.set_admin("bob", false));
  ASSERT_TRUE(state_.set_user_enabled("bob", true));
  ASSERT_TRUE(state_.set_admin("bob", true));
  EXPECT_TRUE(state_.set_admin("alice", false));
  for (const Status& s : {state_.set_email("nobody", "", {}), state_.set_language("nobody", "en"),
                          state_.set_admin("nobody", true), state_.set_admin("nobody", false)})
    EXPECT_EQ(s.error().code(), ErrorCode::no_input);
}

TEST_F(InvitesTest, ADeviceIsClaimedByItsKey) {
  const auto add = [&](const std::string& id, const std::string& key) {
    Device device;
    device.id = id;
    device.key = key;
    ASSERT_TRUE(state_.add_device(device));
  };
  add("cam01", "0123456789abc");
  add("cam02", "");
  ASSERT_TRUE(state_.share({"cam01", "alice", {}, kNow}));
  ASSERT_TRUE(state_.set_user_enabled("bob", true));
  std::set<std::string> said;
  const auto refused = [&](const char* device, const char* key) {
    const Status done = state_.claim_device(device, key, "alice");
    EXPECT_EQ(done.error().code(), ErrorCode::no_input);
    said.insert(done.error().message());
  };
  refused("cam01", "0123456789abd");
  refused("cam01", "");
  refused("cam02", "");
  refused("cam09", "0123456789abc");
  (void)moved();
  ASSERT_TRUE(state_.claim_device("cam01", "0123456789abc", "alice"));
  EXPECT_TRUE(moved());
  EXPECT_EQ((*state_.device("cam01"))->owner, "alice");
  EXPECT_TRUE(state_.shares()->empty());
  refused("cam01", "0123456789abc");
  EXPECT_THAT(said, SizeIs(1)) << "they tell nothing";
  EXPECT_EQ(state_.claim_device("cam01", "0123456789abc", "nobody").error().code(), ErrorCode::no_input);
}

}  // namespace
}  // namespace cbx::state
