// Authenticators, recovery codes, and codes from an operator.
#include "state/login_fixture.h"
#include "state/totp.h"

namespace cbx::state {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr std::string_view kRfcKey = "12345678901234567890";
constexpr std::chrono::seconds kStep{30};

WallMs at(int64_t seconds) {
  return WallMs{std::chrono::seconds{seconds}};
}

TEST(Totp, Rfc4226AppendixD) {
  const char* expected[] = {"755224", "287082", "359152", "969429", "338314",
                            "254676", "287922", "162583", "399871", "520489"};
  for (uint64_t count = 0; count < 10; count++) EXPECT_EQ(hotp(as_bytes(kRfcKey), count), expected[count]);
}

TEST(Totp, Rfc6238AppendixB) {
  const std::pair<int64_t, const char*> expected[] = {{59, "94287082"},         {1111111109, "07081804"},
                                                      {1111111111, "14050471"}, {1234567890, "89005924"},
                                                      {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& [time, code] : expected) {
    EXPECT_EQ(hotp(as_bytes(kRfcKey), static_cast<uint64_t>(totp_step(at(time))), 8), code);
    EXPECT_EQ(*totp_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at(time)), std::string(code).substr(2));
  }
}

TEST(Totp, Rfc4648Base32) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "MY"},
                                                         {"fo", "MZXQ"},
                                                         {"foo", "MZXW6"},
                                                         {"foob", "MZXW6YQ"},
                                                         {"fooba", "MZXW6YTB"},
                                                         {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(to_base32(as_bytes(plain)), coded);
    EXPECT_EQ(as_string(*from_base32(coded)), plain);
  }
  EXPECT_EQ(as_string(*from_base32("mzxw 6ytb oi")), "foobar");
  for (const char* bad : {"MZXW1", "MZ=", "é", "MZ\n"}) EXPECT_EQ(from_base32(bad).error().code(), ErrorCode::data);
}

TEST(Totp, UriCanHoldAnyName) {
  EXPECT_EQ(totp_uri("ABC", "kim", "cam.example.org"),
            "otpauth://totp/cam.example.org:kim?secret=ABC&issuer=cam.example.org&algorithm=SHA1&digits=6&period=30");
  EXPECT_EQ(totp_uri("ABC", "a:b", "카메라 & Co").find_first_of(" &카", 15),
            totp_uri("ABC", "a:b", "카메라 & Co").find('&'));
}

class SecondFactorTest : public LoginTest {
 protected:
  bool takes(const std::string& code, WallMs now = kNow) { return *state_.take_second_factor("alice", code, now); }
};

TEST_F(SecondFactorTest, CountsOnlyOnceConfirmed) {
  EXPECT_EQ(state_.confirm_totp("alice", "123456", kNow).error().code(), ErrorCode::usage);
  const std::string secret = *state_.begin_totp("alice");
  EXPECT_THAT(secret, MatchesRegex("[A-Z2-7]{32}"));
  EXPECT_FALSE(known("alice").totp);
  EXPECT_FALSE(takes(*totp_code(secret, kNow)));
  EXPECT_TRUE(state_.totp_state("alice")->pending);
  EXPECT_EQ(*state_.confirm_totp("alice", wrong(*totp_code(secret, kNow)), kNow), std::nullopt);
  EXPECT_FALSE(known("alice").totp);
  (void)moved();
  const auto codes = *state_.confirm_totp("alice", *totp_code(secret, kNow), kNow);
  EXPECT_TRUE(moved());
  ASSERT_TRUE(codes);
  EXPECT_THAT(*codes, SizeIs(10));
  for (const auto& code : *codes) EXPECT_THAT(code, MatchesRegex("[a-z0-9]{5}-[a-z0-9]{5}"));
  EXPECT_TRUE(known("alice").totp);
  EXPECT_FALSE(known("bob").totp);
  EXPECT_FALSE(takes(*totp_code(secret, kNow))) << "the code that confirmed it is used";
  EXPECT_EQ(state_.begin_totp("nobody").error().code(), ErrorCode::no_input);
}

TEST_F(SecondFactorTest, TheOldOneStaysUntilTheNewIsConfirmed) {
  std::vector<std::string> old_codes;
  const std::string old = authenticator("alice", &old_codes);
  const std::string fresh = *state_.begin_totp("alice");
  EXPECT_TRUE(known("alice").totp);
  EXPECT_TRUE(takes(*totp_code(old, kNow)));
  EXPECT_FALSE(takes(*totp_code(fresh, kNow)));
  ASSERT_TRUE(*state_.confirm_totp("alice", *totp_code(fresh, kNow), kNow));
  EXPECT_FALSE(takes(*totp_code(old, kNow + kStep), kNow + kStep));
  EXPECT_FALSE(takes(old_codes[0]));
  EXPECT_TRUE(takes(*totp_code(fresh, kNow + kStep), kNow + kStep));
}

TEST_F(SecondFactorTest, AStepIsTakenOnceWithinItsWindow) {
  const std::string secret = authenticator("alice");
  for (const int step : {-1, 0, 1}) {
    const std::string code = *totp_code(secret, kNow + step * kStep);
    EXPECT_TRUE(takes(code)) << step;
    EXPECT_FALSE(takes(code)) << step;
  }
  for (const int step : {-3, -2, 2, 3}) EXPECT_FALSE(takes(*totp_code(secret, kNow + step * kStep))) << step;
}

TEST_F(SecondFactorTest, AClockThatWasAheadLocksNobodyOut) {
  const std::string secret = authenticator("alice");
  const WallMs ahead = kNow + 1000 * kDay;
  EXPECT_TRUE(takes(*totp_code(secret, ahead), ahead));
  EXPECT_TRUE(takes(*totp_code(secret, kNow)));
  EXPECT_FALSE(takes(*totp_code(secret, ahead), ahead)) << "it comes by the same time again";
}

TEST_F(SecondFactorTest, RecoveryCodesCountOnceEach) {
  std::vector<std::string> codes;
  authenticator("alice", &codes);
  const std::string all = bytes();
  for (const auto& code : codes) {
    EXPECT_EQ(all.find(code), std::string::npos);
    EXPECT_EQ(all.find(code.substr(0, 5) + code.substr(6)), std::string::npos);
  }
  std::string typed = codes[3].substr(0, 5) + " " + codes[3].substr(6);
  for (char& c : typed) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(takes(typed));
  EXPECT_FALSE(takes(codes[3]));
  EXPECT_TRUE(takes(codes[4]));
  EXPECT_EQ(state_.totp_state("alice")->recovery_codes, 8);
  EXPECT_FALSE(takes("aaaaa-aaaaa"));
  ASSERT_TRUE(state_.clear_totp("alice"));
  EXPECT_FALSE(takes(codes[5]));
  EXPECT_FALSE(state_.totp_state("alice")->active);
  EXPECT_EQ(state_.clear_totp("nobody").error().code(), ErrorCode::no_input);
}

TEST_F(SecondFactorTest, ALogInTakesTheAuthenticatorsCodeOnly) {
  std::vector<std::string> recovery;
  const auto early = begin(login("alice"));
  const std::string secret = authenticator("alice", &recovery);
  // The letter had been sent before there was an authenticator.
  EXPECT_EQ(verdict(early.id, early.code), Verdict::wrong);
  const auto begun = begin(login("alice", Factor::totp));
  EXPECT_EQ(begun.code, "");
  EXPECT_FALSE(*state_.renew_code(begun.id, kNow));
  EXPECT_EQ(verdict(begun.id, ""), Verdict::wrong);
  const std::string code = *totp_code(secret, kNow);
  EXPECT_EQ(verdict(begun.id, code), Verdict::right);
  const auto again = begin(login("alice", Factor::totp));
  EXPECT_EQ(verdict(again.id, code), Verdict::wrong) << "a step is taken once";
  EXPECT_EQ(verdict(again.id, recovery[0]), Verdict::right);
  // Whose authenticator was taken away waits for a code in vain.
  const auto third = begin(login("alice", Factor::totp));
  ASSERT_TRUE(state_.clear_totp("alice"));
  EXPECT_EQ(verdict(third.id, *totp_code(secret, kNow + kStep)), Verdict::wrong);
}

TEST_F(SecondFactorTest, AnOperatorsCodeLetsInOnce) {
  authenticator("bob");
  for (const auto& [name, factor] : {std::pair("alice", Factor::email), std::pair("bob", Factor::totp)}) {
    const std::string code = *state_.operator_code(name, kNow);
    EXPECT_THAT(code, MatchesRegex("[0-9]{8}"));
    EXPECT_EQ(bytes().find(code), std::string::npos);
    const auto begun = begin(login(name, factor)), again = begin(login(name, factor));
    EXPECT_EQ(verdict(begun.id, code), Verdict::right);
    EXPECT_EQ(verdict(again.id, code), Verdict::wrong);
  }
  // For log-ins of that user alone, for ten minutes, the last one that was made.
  const std::string first = *state_.operator_code("alice", kNow), code = *state_.operator_code("alice", kNow);
  const auto of_bob = begin(login("bob", Factor::totp)), of_reset = begin(reset("alice"));
  const auto begun = begin(login("alice"), kNow + 9 * kMinute);
  EXPECT_EQ(verdict(of_bob.id, code), Verdict::wrong);
  EXPECT_EQ(verdict(of_reset.id, code), Verdict::wrong);
  EXPECT_EQ(verdict(begun.id, code, kNow + 10 * kMinute), Verdict::wrong);
  if (first != code) {
    EXPECT_EQ(verdict(begun.id, first, kNow + 9 * kMinute), Verdict::wrong);
  }
  EXPECT_EQ(verdict(begun.id, code, kNow + 9 * kMinute), Verdict::right);
  EXPECT_EQ(state_.operator_code("nobody", kNow).error().code(), ErrorCode::no_input);
}

TEST_F(SecondFactorTest, AnOperatorsCodeHasFiveTriesOverAllLogIns) {
  const std::string code = *state_.operator_code("alice", kNow);
  const std::string other = code == "00000000" ? "00000001" : "00000000";
  for (int i = 0; i < 5; i++) {
    const auto begun = begin(login("alice"));
    EXPECT_EQ(verdict(begun.id, "111111"), begun.code == "111111" ? Verdict::right : Verdict::wrong);
    EXPECT_EQ(verdict(begun.id, other), Verdict::wrong);
  }
  const auto begun = begin(login("alice"));
  EXPECT_EQ(verdict(begun.id, code), Verdict::wrong);
}

}  // namespace
}  // namespace cbx::state
