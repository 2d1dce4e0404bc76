// A state.db with two users, whose clock tests move by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "db/database.h"
#include "state/schema.h"
#include "state/state.h"
#include "temp_dir.h"

namespace cbx::state {

constexpr WallMs kNow{Millis{1'800'000'000'000}};
constexpr std::chrono::hours kDay{24};
constexpr std::chrono::minutes kMinute{1};

class LoginTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"alice", "bob"}) ASSERT_TRUE(state_.add_user(user(name)));
  }
  State open() { return std::move(*State::open(path_, true)); }
  static User user(const std::string& name) {
    User user;
    user.name = name;
    user.email = name + "@example.org";
    user.password_hash = "$argon2id$old";
    user.created = kNow;
    return user;
  }
  static Challenge login(const std::string& name, Factor factor = Factor::email) {
    return {.kind = ChallengeKind::login, .factor = factor, .user = name, .email = name + "@example.org"};
  }
  static Challenge reset(const std::string& name) {
    return {.kind = ChallengeKind::reset, .user = name, .email = name + "@example.org"};
  }
  static Challenge sign_up(const std::string& name) {
    return {.kind = ChallengeKind::sign_up,
            .email = name + "@example.org",
            .name = name,
            .password_hash = "$argon2id$new",
            .language = "ko"};
  }
  NewChallenge begin(const Challenge& wanted, WallMs now = kNow) {
    auto made = state_.add_challenge(wanted, now);
    EXPECT_TRUE(made) << made.error().message();
    return made ? *made : NewChallenge{};
  }
  Verdict verdict(const std::string& id, const std::string& code, WallMs now = kNow) {
    const auto proof = state_.prove(id, code, now);
    EXPECT_TRUE(proof) << proof.error().message();
    return proof ? proof->verdict : Verdict::gone;
  }
  User known(const std::string& name) { return (*state_.user(name)).value_or(User{}); }
  NewSession session(const std::string& name, WallMs now = kNow) {
    return *state_.add_session(name, "192.0.2.1", "Mozilla/5.0", now);
  }
  // The user's authenticator from now on.
  std::string authenticator(const std::string& name, std::vector<std::string>* recovery = nullptr) {
    const auto secret = state_.begin_totp(name);
    EXPECT_TRUE(secret);
    const auto codes = state_.confirm_totp(name, *totp_code(*secret, kNow - kDay), kNow - kDay);
    EXPECT_TRUE(codes && *codes);
    if (recovery) *recovery = **codes;
    return *secret;
  }
  // All bytes of the database, for looking for what must not be in it.
  std::string bytes() {
    EXPECT_TRUE(state_.backup(dir_.path() + "/bytes", true));
    return *read_file(dir_.path() + "/bytes", 10 << 20);
  }
  // Whether the change counter moved since the last call.
  bool moved() {
    const int64_t now = *state_.change_counter();
    return std::exchange(counter_, now) != now;
  }
  static std::string wrong(const std::string& code) { return code == "000000" ? "000001" : "000000"; }

  test::TempDir dir_;
  std::string path_ = dir_.path() + "/state.db";
  State state_ = open();
  int64_t counter_ = 0;
};

}  // namespace cbx::state
