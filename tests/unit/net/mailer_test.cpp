// The queue before a mailer that fails as it is told, and the addresses of servers.
#include "net/mailer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <thread>

#include "net/smtp.h"

namespace cbx::net {
namespace {

using namespace std::chrono_literals;

class FakeMailer final : public Mailer {
 public:
  Status send(const Letter& letter) override {
    const std::lock_guard lock(mutex);
    tried.push_back(letter.to.address);
    if (errors.empty()) return {};
    const ErrorCode code = errors.front();
    errors.pop_front();
    return fail(code, "no");
  }
  void stop() override {}
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex);
    return tried;
  }
  std::mutex mutex;
  std::deque<ErrorCode> errors;
  std::vector<std::string> tried;
};

class MailQueueTest : public testing::Test {
 protected:
  template <typename Condition>
  static bool soon(Condition condition) {
    for (int i = 0; i < 1000; i++) {
      if (condition()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  void push(const char* to, Millis useful = 10s) {
    EXPECT_TRUE(queue_.push({{to, ""}, "s", "t\n"}, clock_.monotonic() + useful));
  }
  FakeMailer mailer_;
  SystemClock clock_;
  Logger log_ = Logger::silent();
  MailQueue queue_{
      mailer_, clock_, log_, {.most = 3, .first_pause = 40ms, .longest_pause = 80ms, .longest_outage_pause = 80ms}};
};

TEST_F(MailQueueTest, TriesAgainWhileItIsOfUse) {
  mailer_.errors = {ErrorCode::unavailable, ErrorCode::config, ErrorCode::try_again, ErrorCode::io};
  const auto start = clock_.monotonic();
  push("a@b");
  ASSERT_TRUE(soon([&] { return queue_.stats().sent == 1; }));
  EXPECT_EQ(mailer_.all().size(), 5U);
  EXPECT_GE(clock_.monotonic() - start, 40ms + 80ms + 40ms + 40ms);
}

TEST_F(MailQueueTest, WhatIsRefusedForGoodIsNotSentAgain) {
  mailer_.errors = {ErrorCode::data};
  push("a@b");
  push("c@d");
  ASSERT_TRUE(soon([&] { return queue_.stats().sent == 1; }));
  EXPECT_EQ(mailer_.all(), (std::vector<std::string>{"a@b", "c@d"}));
  EXPECT_EQ(queue_.stats().dropped, 1U);
}

TEST_F(MailQueueTest, OneThatIsPutOffHoldsUpNoOther) {
  mailer_.errors = {ErrorCode::try_again};
  push("a@b");
  push("c@d");
  ASSERT_TRUE(soon([&] { return queue_.stats().sent == 2; }));
  EXPECT_EQ(mailer_.all(), (std::vector<std::string>{"a@b", "c@d", "a@b"}));
}

TEST_F(MailQueueTest, WhatIsOfNoUseAnyMoreIsDropped) {
  mailer_.errors.assign(50, ErrorCode::unavailable);
  push("a@b", 100ms);
  ASSERT_TRUE(soon([&] { return queue_.stats().dropped == 1; }));
  EXPECT_LE(mailer_.all().size(), 4U);
  EXPECT_EQ(queue_.stats().waiting, 0U);
}

TEST_F(MailQueueTest, TakesNoMoreThanItHolds) {
  mailer_.errors.assign(50, ErrorCode::unavailable);
  push("a@b");
  ASSERT_TRUE(soon([&] { return mailer_.all().size() == 1; }));
  push("c@d");
  push("e@f");
  EXPECT_TRUE(soon([&] { return queue_.full(); }));
  EXPECT_FALSE(queue_.push({{"g@h", ""}, "s", "t"}, clock_.monotonic() + 1s));
}

TEST(SmtpUrl, WhatIsMeant) {
  const auto far = parse_smtp_url("smtp://kim%40example.org@Mail.Example.org");
  ASSERT_TRUE(far) << far.error().message();
  EXPECT_EQ(far->host, "mail.example.org");
  EXPECT_EQ(far->port, 587);
  EXPECT_EQ(far->user, "kim@example.org");
  EXPECT_TRUE(far->starttls);
  EXPECT_FALSE(far->tls);
  const auto safe = parse_smtp_url("smtps://mail.example.org:4650/");
  ASSERT_TRUE(safe);
  EXPECT_EQ(safe->port, 4650);
  EXPECT_TRUE(safe->tls);
  for (const char* here : {"smtp://localhost", "smtp://127.0.0.1", "smtp://[::1]", "smtp://127.3.2.1:25"}) {
    const auto server = parse_smtp_url(here);
    ASSERT_TRUE(server) << here;
    EXPECT_EQ(server->port, 25);
    EXPECT_FALSE(server->starttls) << here;
  }
  for (const char* elsewhere :
       {"smtp://localhost.example.org", "smtp://10.0.0.1", "smtp://127.0.0.1.example.org", "smtp://[2001:db8::1]:25"}) {
    const auto server = parse_smtp_url(elsewhere);
    ASSERT_TRUE(server) << elsewhere;
    EXPECT_TRUE(server->starttls) << elsewhere;
  }
  for (const char* bad :
       {"http://x", "smtp://", "smtp://user:password@host", "smtp://@host", "smtp://host:0", "smtp://host:x",
        "smtp://ho st", "smtp://host/path", "smtp://[::1", "smtp://a%0d@host", "smtp://host\r\n"})
    EXPECT_FALSE(parse_smtp_url(bad)) << bad;
  EXPECT_EQ(parse_smtp_url("smtp://user:secret@host").error().message().find("secret"), std::string::npos);
}

}  // namespace
}  // namespace cbx::net
