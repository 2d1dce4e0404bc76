// Codes that prove something, once.
#include <sys/wait.h>
#include <unistd.h>

#include "state/challenge.h"
#include "state/login_fixture.h"

namespace cbx::state {
namespace {

using testing::MatchesRegex;

class ChallengesTest : public LoginTest {};

TEST_F(ChallengesTest, ARightCodeCountsOnce) {
  const auto begun = begin(login("alice"));
  EXPECT_EQ(begun.id.size(), 43u);
  EXPECT_THAT(begun.code, MatchesRegex("[0-9]{6}"));
  const auto open = *state_.challenge(begun.id, kNow);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->user, "alice");
  EXPECT_EQ(open->tries_left, 5);
  EXPECT_EQ(open->until, kNow + 10 * kMinute);
  const auto proof = *state_.prove(begun.id, " " + begun.code.substr(0, 3) + "-" + begun.code.substr(3), kNow);
  EXPECT_EQ(proof.verdict, Verdict::right);
  EXPECT_EQ(proof.challenge.user, "alice");
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::gone);
  EXPECT_FALSE(*state_.challenge(begun.id, kNow));
}

TEST_F(ChallengesTest, NeitherIdNorCodeIsKept) {
  const auto begun = begin(login("alice"));
  const std::string all = bytes();
  EXPECT_EQ(all.find(begun.id), std::string::npos);
  EXPECT_EQ(all.find(begun.code), std::string::npos);
}

TEST_F(ChallengesTest, OfTwoProcessesAtOnceOneIsRight) {
  for (int round = 0; round < 20; round++) {
    const auto begun = begin(login("alice"), kNow);
    // SQLite's connections are not for a process that was forked off.
    { const State closed = std::move(state_); }
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const auto child = [&] {
      State own = open();
      char go = 0;
      if (::read(ready[0], &go, 1) != 1) ::_exit(9);
      const auto proof = own.prove(begun.id, begun.code, kNow);
      ::_exit(!proof ? 9 : proof->verdict == Verdict::right ? 1 : 0);
    };
    pid_t pids[2];
    for (pid_t& pid : pids)
      if ((pid = ::fork()) == 0) child();
    ASSERT_EQ(::write(ready[1], "gg", 2), 2);
    int right = 0;
    for (const pid_t pid : pids) {
      int status = 0;
      ASSERT_EQ(::waitpid(pid, &status, 0), pid);
      ASSERT_TRUE(WIFEXITED(status));
      right += WEXITSTATUS(status);
    }
    EXPECT_EQ(right, 1);
    state_ = open();
    ::close(ready[0]), ::close(ready[1]);
  }
}

TEST_F(ChallengesTest, FiveTries) {
  const auto begun = begin(login("alice"));
  for (int left = 4; left >= 0; left--) {
    const auto proof = *state_.prove(begun.id, wrong(begun.code), kNow);
    EXPECT_EQ(proof.verdict, Verdict::wrong);
    EXPECT_EQ(proof.tries_left, left);
  }
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::gone);
}

TEST_F(ChallengesTest, JunkIsWrongOrGone) {
  const auto begun = begin(login("alice"));
  for (const std::string& id : {std::string(), std::string(43, 'a'), std::string(1 << 20, 'a'), begun.id + "x"})
    EXPECT_EQ(verdict(id, begun.code), Verdict::gone);
  for (const std::string& code : {std::string(), std::string(1 << 20, '1'), std::string("\0\xff", 2), begun.code + "0"})
    EXPECT_EQ(verdict(begun.id, code), Verdict::wrong);
}

TEST_F(ChallengesTest, TenMinutesByAnyClock) {
  const auto begun = begin(login("alice")), second = begin(login("alice")), third = begin(login("alice"));
  EXPECT_EQ(verdict(begun.id, begun.code, kNow + 10 * kMinute), Verdict::gone);
  EXPECT_EQ(verdict(second.id, second.code, kNow + 10 * kMinute - Millis{1}), Verdict::right);
  // A clock that goes back a little ends nothing; one that was hours ahead gives no code hours to live.
  EXPECT_EQ(verdict(third.id, third.code, kNow - kMinute), Verdict::right);
  const auto ahead = begin(login("alice"), kNow + kDay);
  EXPECT_EQ(verdict(ahead.id, ahead.code), Verdict::gone);
}

TEST_F(ChallengesTest, AnotherCodeForTheSame) {
  const auto begun = begin(login("alice"));
  EXPECT_EQ(verdict(begun.id, wrong(begun.code)), Verdict::wrong);
  const auto again = *state_.renew_code(begun.id, kNow + 9 * kMinute);
  ASSERT_TRUE(again);
  if (*again != begun.code) {
    EXPECT_EQ(verdict(begun.id, begun.code, kNow + 9 * kMinute), Verdict::wrong);
  }
  EXPECT_LE((*state_.challenge(begun.id, kNow + 9 * kMinute))->tries_left, 4);
  EXPECT_EQ(verdict(begun.id, *again, kNow + 18 * kMinute), Verdict::right);

  const auto other = begin(login("alice"));
  for (int i = 0; i < 3; i++) EXPECT_TRUE(*state_.renew_code(other.id, kNow));
  EXPECT_FALSE(*state_.renew_code(other.id, kNow));
  EXPECT_FALSE(*state_.renew_code(std::string(43, 'a'), kNow));
}

TEST_F(ChallengesTest, FiveOpenOnesOfAKind) {
  std::vector<NewChallenge> begun;
  for (int i = 0; i < 6; i++) begun.push_back(begin(login("alice")));
  const auto bobs = begin(login("bob"));
  const auto reset_ = begin(reset("alice"));
  EXPECT_FALSE(*state_.challenge(begun[0].id, kNow));
  EXPECT_TRUE(*state_.challenge(begun[1].id, kNow));
  std::vector<NewChallenge> ups;
  for (int i = 0; i < 6; i++) {
    Challenge wanted = sign_up("carol");
    wanted.email = i % 2 ? "CAROL@example.org" : "carol@example.org";
    ups.push_back(begin(wanted));
  }
  EXPECT_FALSE(*state_.challenge(ups[0].id, kNow));
  EXPECT_TRUE(*state_.challenge(ups[1].id, kNow));
  EXPECT_TRUE(*state_.challenge(bobs.id, kNow));
  EXPECT_TRUE(*state_.challenge(reset_.id, kNow));
}

TEST_F(ChallengesTest, WhatMakesNoSense) {
  const auto refused = [&](const Challenge& wanted) { return state_.add_challenge(wanted, kNow).error().code(); };
  Challenge named = sign_up("carol");
  named.user = "alice";
  EXPECT_EQ(refused(named), ErrorCode::usage);
  Challenge no_address = sign_up("carol");
  no_address.email.clear();
  EXPECT_EQ(refused(no_address), ErrorCode::usage);
  Challenge no_password = sign_up("carol");
  no_password.password_hash.clear();
  EXPECT_EQ(refused(no_password), ErrorCode::usage);
  Challenge rude = sign_up("carol");
  rude.name = "Carol <b>";
  EXPECT_EQ(refused(rude), ErrorCode::data);
  rude = sign_up("carol");
  rude.email = "a@b\r\nBcc: x@y";
  EXPECT_EQ(refused(rude), ErrorCode::data);
  EXPECT_EQ(refused(login("")), ErrorCode::usage);
  EXPECT_EQ(refused(login("nobody")), ErrorCode::no_input);
  Challenge by_app = reset("alice");
  by_app.factor = Factor::totp;
  EXPECT_EQ(refused(by_app), ErrorCode::usage);
}

TEST_F(ChallengesTest, ASignUpBecomesAUser) {
  const auto begun = begin(sign_up("carol"));
  EXPECT_EQ(state_.finish_sign_up(begun.id, "carol", kNow).error().code(), ErrorCode::no_input) << "not proven";
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::right);
  EXPECT_TRUE((*state_.challenge(begun.id, kNow))->proven);
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::gone) << "a code counts once";
  EXPECT_FALSE(*state_.renew_code(begun.id, kNow));
  EXPECT_EQ(state_.finish_sign_up(begun.id, "alice", kNow).error().code(), ErrorCode::cannot_create);
  EXPECT_EQ(state_.finish_sign_up(begun.id, "Not A Name", kNow).error().code(), ErrorCode::data);
  const WallMs later = kNow + 9 * kMinute;
  const auto made = state_.finish_sign_up(begun.id, "carol2", later);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(*made, known("carol2"));
  EXPECT_EQ(made->email, "carol@example.org");
  EXPECT_EQ(made->email_proven, later);
  EXPECT_EQ(made->language, "ko");
  EXPECT_EQ(made->password_hash, "$argon2id$new");
  EXPECT_FALSE(made->admin);
  EXPECT_EQ(state_.finish_sign_up(begun.id, "carol3", kNow).error().code(), ErrorCode::no_input);
}

TEST_F(ChallengesTest, ASignUpWhoseAddressIsTakenMeanwhileIsGone) {
  const auto begun = begin(sign_up("carol"));
  ASSERT_EQ(verdict(begun.id, begun.code), Verdict::right);
  ASSERT_TRUE(state_.set_email("bob", "Carol@example.org", std::nullopt));
  EXPECT_EQ(state_.finish_sign_up(begun.id, "carol", kNow).error().code(), ErrorCode::no_input);
  EXPECT_FALSE(*state_.challenge(begun.id, kNow));
  EXPECT_EQ(known("carol").name, "");
}

TEST_F(ChallengesTest, AResetForNobodyIsNeverRight) {
  Challenge wanted = reset("");
  wanted.email = "stranger@example.org";
  const auto begun = begin(wanted);
  const auto proof = *state_.prove(begun.id, begun.code, kNow);
  EXPECT_EQ(proof.verdict, Verdict::wrong);
  EXPECT_EQ(proof.tries_left, 4);
}

TEST_F(ChallengesTest, AResetSetsThePasswordAndLogsOut) {
  session("alice");
  const auto other = begin(login("alice"));
  const auto begun = begin(reset("alice"));
  EXPECT_EQ(state_.finish_reset(begun.id, "", "$argon2id$new", kNow)->verdict, Verdict::gone) << "not proven";
  ASSERT_EQ(verdict(begun.id, begun.code), Verdict::right);
  EXPECT_EQ(known("alice").password_hash, "$argon2id$old");
  EXPECT_EQ(known("alice").email_proven, kNow);
  EXPECT_EQ(state_.finish_reset(begun.id, "", "", kNow).error().code(), ErrorCode::usage);
  ASSERT_EQ(state_.finish_reset(begun.id, "", "$argon2id$new", kNow)->verdict, Verdict::right);
  EXPECT_EQ(known("alice").password_hash, "$argon2id$new");
  EXPECT_TRUE(state_.sessions()->empty());
  EXPECT_EQ(verdict(other.id, other.code), Verdict::gone);
  EXPECT_EQ(state_.finish_reset(begun.id, "", "$argon2id$x", kNow)->verdict, Verdict::gone);
}

TEST_F(ChallengesTest, AResetAsksForTheSecondFactorToo) {
  const std::string secret = authenticator("alice");
  const auto begun = begin(reset("alice"));
  ASSERT_EQ(verdict(begun.id, begun.code), Verdict::right);
  const auto wrong_one = *state_.finish_reset(begun.id, "", "$argon2id$new", kNow);
  EXPECT_EQ(wrong_one.verdict, Verdict::wrong);
  EXPECT_EQ(wrong_one.tries_left, 4);
  EXPECT_EQ(state_.finish_reset(begun.id, begun.code, "$argon2id$new", kNow)->verdict, Verdict::wrong);
  EXPECT_EQ(known("alice").password_hash, "$argon2id$old");
  EXPECT_EQ(state_.finish_reset(begun.id, *totp_code(secret, kNow), "$argon2id$new", kNow)->verdict, Verdict::right);
  EXPECT_EQ(known("alice").password_hash, "$argon2id$new");
  EXPECT_TRUE(known("alice").totp);
}

TEST_F(ChallengesTest, ACodeThatCameBackProvesTheAddress) {
  const auto begun = begin(login("alice"));
  ASSERT_EQ(verdict(begun.id, begun.code), Verdict::right);
  EXPECT_EQ(known("alice").email_proven, kNow);
  // Not by the operator's code, and not another address than the user's.
  const auto other = begin(login("bob"));
  ASSERT_EQ(verdict(other.id, *state_.operator_code("bob", kNow)), Verdict::right);
  EXPECT_EQ(known("bob").email_proven, std::nullopt);
  const auto moving = begin({.kind = ChallengeKind::email, .user = "bob", .email = "new@example.org"});
  ASSERT_EQ(verdict(moving.id, moving.code), Verdict::right);
  EXPECT_EQ(known("bob").email_proven, std::nullopt);
  EXPECT_EQ(verdict(moving.id, moving.code), Verdict::gone);
}

TEST_F(ChallengesTest, ANewAddressEndsWhatWasBegunWithTheOld) {
  const auto begun = begin(reset("alice"));
  ASSERT_TRUE(state_.set_email("alice", "new@example.org", kNow));
  EXPECT_EQ(verdict(begun.id, begun.code), Verdict::gone);
}

}  // namespace
}  // namespace cbx::state
