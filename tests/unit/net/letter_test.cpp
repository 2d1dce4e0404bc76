// The form of letters, against what mail readers expect.
#include "net/letter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "net/encode.h"
#include "temp_dir.h"

namespace cbx::net {
namespace {

using testing::HasSubstr;
using testing::Not;

const WallMs kNow = *parse_rfc3339("2026-11-21T07:05:09Z");
const Mailbox kFrom{"cbx@example.org", "cbx"};

std::string must(const Letter& letter, const Mailbox& from = kFrom) {
  auto text = compose(letter, from, kNow, "id1");
  EXPECT_TRUE(text) << text.error().message();
  return text.value_or("");
}

// What Python's e-mail package, which shares no code with this, makes of a message.
std::string read_back(const std::string& message) {
  const test::TempDir dir;
  std::ofstream(dir.path() + "/m") << message;
  const std::string command =
      "python3 -c 'import email, email.header, email.policy, email.utils, sys\n"
      "data = open(sys.argv[1], \"rb\").read()\n"
      "m = email.message_from_bytes(data, policy=email.policy.default)\n"
      "name, address = email.utils.parseaddr(email.message_from_bytes(data)[\"to\"])\n"
      "name = str(email.header.make_header(email.header.decode_header(name)))\n"
      "text = m.get_content().replace(\"\\r\\n\", \"\\n\")\n"
      "sys.stdout.write(\"\\n\".join([m[\"subject\"], name, address, m.get_content_type(), m[\"message-id\"], "
      "m[\"date\"].datetime.isoformat(), text]) + repr(m.defects))' '" +
      dir.path() + "/m' > '" + dir.path() + "/out'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ostringstream out;
  out << std::ifstream(dir.path() + "/out").rdbuf();
  return out.str();
}

TEST(Letter, PlainTextStaysReadable) {
  const std::string text =
      must({{"kim@example.org", "Kim"}, "Your code: 123456", "Hello Kim,\n\nyour code is 123456.\n"});
  EXPECT_EQ(text,
            "Date: Sat, 21 Nov 2026 07:05:09 +0000\r\nFrom: cbx <cbx@example.org>\r\nTo: Kim <kim@example.org>\r\n"
            "Subject: Your code: 123456\r\nMessage-ID: <id1@example.org>\r\nAuto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello Kim,\r\n\r\nyour code is 123456.\r\n");
}

TEST(Letter, KoreanComesThroughWhole) {
  std::string body;
  for (int i = 0; i < 20; i++) body += "안녕하세요, 김철수 님. 인증 번호는 123456입니다.\n";
  const std::string subject =
      "cbx 로그인 인증 번호입니다: 아주 길고 긴 제목이라서 한 줄에는 절대로 다 들어가지 않습니다";
  const std::string text =
      must({{"kim@example.org", "김철수, 서울의 \"택시\" 기사이며 이름이 아주 긴 사람"}, subject, body});
  for (std::istringstream lines(text); !lines.eof();) {
    std::string line;
    std::getline(lines, line);
    EXPECT_LE(line.size(), 77U) << line;  // with its CR
    for (const char c : line) EXPECT_GE(static_cast<signed char>(c), 0) << line;
  }
  EXPECT_EQ(read_back(text),
            subject + "\n김철수, 서울의 \"택시\" 기사이며 이름이 아주 긴 사람\nkim@example.org\ntext/plain\n" +
                "<id1@example.org>\n2026-11-21T07:05:09+00:00\n" + body + "[]");
}

TEST(Letter, NamesThatNeedQuotes) {
  EXPECT_EQ(read_back(must({{"a@b.c", "Kim, \"the\" <boss>\\"}, "s", "t\n"})),
            "s\nKim, \"the\" <boss>\\\na@b.c\ntext/plain\n<id1@example.org>\n2026-11-21T07:05:09+00:00\nt\n[]");
}

TEST(Letter, QuotedPrintableOfOddLines) {
  EXPECT_EQ(quoted_printable("a=b \nFrom x\n.\n\té\n"), "a=3Db=20\r\n=46rom x\r\n=2E\r\n=09=C3=A9\r\n");
  const std::string line(200, 'x');
  EXPECT_EQ(quoted_printable(line + "\n"),
            std::string(75, 'x') + "=\r\n" + std::string(75, 'x') + "=\r\n" + std::string(50, 'x') + "\r\n");
  EXPECT_EQ(quoted_printable(std::string(76, 'y')), std::string(76, 'y') + "\r\n");
}

TEST(Letter, NothingIsSmuggledIntoHeaders) {
  for (const char* address :
       {"kim@example.org\r\nBcc: all@example.org", "kim@example.org\nX: y", "a b@example.org", "a@b, c@d", "<a@b>",
        "a@b>", "\"a b\"@c", "a@", "@b", "a", "", "a..b@c", ".a@b", "a@b.", "a@b c", "a\0b@c", "a@[1.2.3.4"})
    EXPECT_FALSE(compose({{address, ""}, "s", "t"}, kFrom, kNow, "i")) << address;
  EXPECT_FALSE(compose({{"a@b", "Kim\r\nBcc: x@y"}, "s", "t"}, kFrom, kNow, "i"));
  EXPECT_FALSE(compose({{"a@b", ""}, "s\r\nBcc: x@y", "t"}, kFrom, kNow, "i"));
  EXPECT_FALSE(compose({{"a@b", ""}, "s", "t\r\n.\r\n"}, kFrom, kNow, "i"));
  EXPECT_FALSE(compose({{"a@b", ""}, "s\xff", "t"}, kFrom, kNow, "i"));
  EXPECT_FALSE(compose({{"a@b", ""}, "s", "t"}, {"c@d", "x\ny"}, kNow, "i"));
  for (const char* address :
       {"kim@example.org", "k.i+m_x@sub.example.org", "김@예.한국", "a@[192.0.2.1]", "root@localhost"})
    EXPECT_TRUE(check_address(address)) << address;
}

TEST(Letter, EncodedWordsThatAreTypedAreNoEncodedWords) {
  EXPECT_THAT(must({{"a@b", "=?UTF-8?Q?x?="}, "=?UTF-8?Q?evil?=", "t\n"}), Not(HasSubstr("evil")));
}

TEST(Letter, SendersAsTheyAreWritten) {
  const auto both = parse_mailbox("\"cbx of Kim\" <cbx@example.org>"), bare = parse_mailbox("cbx@example.org");
  ASSERT_TRUE(both && bare);
  EXPECT_EQ(both->name, "cbx of Kim");
  EXPECT_EQ(both->address, "cbx@example.org");
  EXPECT_EQ(bare->name, "");
  EXPECT_FALSE(parse_mailbox("cbx <cbx@example.org> x"));
  EXPECT_FALSE(parse_mailbox("cbx"));
}

TEST(Letter, MaskedIsToldByItsOwnerOnly) {
  EXPECT_EQ(masked("kim@example.org"), "k•••@example.org");
  EXPECT_EQ(masked("김철수@example.org"), "김•••@example.org");
  EXPECT_EQ(masked(""), "•••");
}

}  // namespace
}  // namespace cbx::net
