// Letters and guesses are few.
#include "web/throttle.h"

#include <gtest/gtest.h>

#include "web/letters.h"
#include "web/test_clock.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;

class ThrottleTest : public testing::Test {
 protected:
  int free(Rate rate, Throttle::Who who) {
    int n = 0;
    while (n < 1000 && !throttle_.take(rate, who)) n++;
    return n;
  }
  test::TestClock clock_;
  KeyedHash hash_;
  Throttle throttle_{hash_, clock_};
};

TEST_F(ThrottleTest, CountsEachApartAndForgets) {
  EXPECT_EQ(free(Rate::sign_up_letters, {"kim@example.org"}), 5);
  EXPECT_EQ(throttle_.take(Rate::sign_up_letters, {"kim@example.org"}), 3600s);
  EXPECT_EQ(free(Rate::sign_up_letters, {"lee@example.org"}), 5);
  EXPECT_EQ(free(Rate::email_letters, {"kim@example.org"}), 5);
  clock_.pass(59min);
  EXPECT_EQ(throttle_.take(Rate::sign_up_letters, {"kim@example.org"}), 60s);
  clock_.pass(1min);
  EXPECT_EQ(free(Rate::sign_up_letters, {"kim@example.org"}), 5);
}

TEST_F(ThrottleTest, StrangersLeaveALetterForWhoIsKnown) {
  EXPECT_LT(free(Rate::reset_by_stranger, {"kim@example.org"}), free(Rate::reset_letters, {"kim@example.org"}));
}

TEST_F(ThrottleTest, WhatWasRightCountsForNothing) {
  for (int i = 0; i < 1000; i++) {
    uint64_t mark = 0;
    ASSERT_FALSE(throttle_.take(Rate::wrong_codes, {"kim"}, &mark)) << i;
    throttle_.give_back(Rate::wrong_codes, {"kim"}, mark);
  }
  EXPECT_EQ(free(Rate::wrong_codes, {"kim"}), 30);
}

TEST(Mailbox, OneForAllItsAddresses) {
  EXPECT_EQ(mailbox_key("Kim+cbx@Example.org"), "kim@example.org");
  EXPECT_EQ(mailbox_key("kim+a+b@example.org"), "kim@example.org");
  EXPECT_EQ(mailbox_key("+kim@example.org"), "+kim@example.org");
  EXPECT_EQ(mailbox_key("kim@a+b.org"), "kim@a+b.org");
}

TEST(Letters, EveryKindInBothLanguages) {
  const LetterWords words{.code = "123456", .user = "kim", .address = "192.0.2.1", .link = "https://cbx.example.org"};
  for (const auto kind : {LetterKind::sign_up_code, LetterKind::login_code, LetterKind::reset_code,
                          LetterKind::email_code, LetterKind::have_account, LetterKind::password_changed,
                          LetterKind::email_changed, LetterKind::factor_changed, LetterKind::invite}) {
    const auto en = make_letter(kind, "en", {"kim@example.org", ""}, words);
    const auto ko = make_letter(kind, "ko", {"kim@example.org", ""}, words);
    EXPECT_NE(en.text, ko.text);
    EXPECT_NE(en.subject, ko.subject);
    for (const auto& letter : {en, ko}) {
      EXPECT_EQ(letter.text.find_first_of("{}"), std::string::npos) << letter.text;
      EXPECT_TRUE(net::compose(letter, {"cbx@example.org", "cbx"}, {}, "id")) << letter.text;
      const bool code = kind == LetterKind::sign_up_code || kind == LetterKind::login_code ||
                        kind == LetterKind::reset_code || kind == LetterKind::email_code;
      EXPECT_EQ(letter.text.find("123456") != std::string::npos, code) << letter.text;
      EXPECT_EQ(letter.subject.find("123456"), std::string::npos);  // shown on locked screens
    }
  }
}

TEST(Letters, LeaveOutWhatIsNotKnown) {
  const auto letter = make_letter(LetterKind::login_code, "en", {"kim@example.org", ""}, {.code = "1", .user = "kim"});
  EXPECT_EQ(letter.text.find("asked for from"), std::string::npos);
  EXPECT_EQ(letter.text.find("\n\n\n"), std::string::npos);
  EXPECT_TRUE(letter.text.ends_with("-- \ncbx\n")) << letter.text;
}

TEST(Letters, LanguageOfTheBrowser) {
  http::Request request;
  EXPECT_EQ(language_of(request, ""), "en");
  EXPECT_EQ(language_of(request, "ko"), "ko");
  for (const auto& [field, language] : {std::pair{"ko-KR,ko;q=0.9,en;q=0.8", "ko"},
                                        {"de-DE, ko", "ko"},
                                        {"fr", "en"},
                                        {"en-GB;q=0.5,ko", "en"},
                                        {",,;", "en"},
                                        {"kok", "en"}}) {
    request.headers["accept-language"] = field;
    EXPECT_EQ(language_of(request, ""), language) << field;
  }
}

}  // namespace
}  // namespace cbx::web
