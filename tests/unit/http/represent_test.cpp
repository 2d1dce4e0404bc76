#include <gtest/gtest.h>

#include "http/date.h"
#include "http/message.h"

namespace cbx::http {
namespace {

const WallMs kModified = *parse_rfc3339("2026-11-20T08:01:00.033Z");
constexpr const char* kDate = "Fri, 20 Nov 2026 08:01:00 GMT";

Response ask(Fields headers, Method method = Method::get, std::string text = "0123456789") {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  const uint64_t size = text.size();
  return represent(request, {std::move(text), size, "video/mp4", "tag", kModified, "no-cache", ""});
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

std::string body(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
  return "";
}

TEST(Represent, Whole) {
  const Response response = ask({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body(response), "0123456789");
  EXPECT_EQ(header(response, "ETag"), "\"tag\"");
  EXPECT_EQ(header(response, "Last-Modified"), kDate);
  EXPECT_EQ(header(response, "Accept-Ranges"), "bytes");
  EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
  EXPECT_EQ(header(response, "Content-Disposition"), "");
}

TEST(Represent, OneRange) {
  const auto part = [](const char* range) {
    const Response response = ask({{"range", range}});
    EXPECT_EQ(response.status, 206) << range;
    return header(response, "Content-Range") + " " + body(response);
  };
  EXPECT_EQ(part("bytes=0-0"), "bytes 0-0/10 0");
  EXPECT_EQ(part("bytes=3-5"), "bytes 3-5/10 345");
  EXPECT_EQ(part("bytes=7-"), "bytes 7-9/10 789");
  EXPECT_EQ(part("bytes=7-99999999999999999999999999"), "bytes 7-9/10 789");
  EXPECT_EQ(part("bytes=-2"), "bytes 8-9/10 89");
  EXPECT_EQ(part("bytes=-20"), "bytes 0-9/10 0123456789");
  EXPECT_EQ(part("Bytes = 1-1"), "bytes 1-1/10 1");
}

TEST(Represent, RangesThatAreIgnored) {
  for (const char* range : {"bytes=0-1,3-4", "items=0-1", "bytes=5-3", "bytes=a-b", "bytes", "bytes=", "bytes=-", "",
                            "bytes=1-2x", "bytes=+1-2", "bytes=0x1-2"}) {
    const Response response = ask({{"range", range}});
    EXPECT_EQ(response.status, 200) << range;
    EXPECT_EQ(body(response), "0123456789") << range;
  }
  EXPECT_EQ(ask({{"range", "bytes=-5"}}, Method::get, "").status, 200);
}

TEST(Represent, RangesBehindTheEnd) {
  for (const char* range : {"bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0"}) {
    const Response response = ask({{"range", range}});
    EXPECT_EQ(response.status, 416) << range;
    EXPECT_EQ(header(response, "Content-Range"), "bytes */10");
  }
  EXPECT_EQ(ask({{"range", "bytes=0-"}}, Method::get, "").status, 416);
}

// RFC 9110, 14.2 and 15.5.17.
TEST(Represent, SeveralRanges) {
  const auto status = [](const std::string& range) { return ask({{"range", range}}).status; };
  EXPECT_EQ(status("bytes=0-1,3-4"), 200) << "the whole";
  EXPECT_EQ(status("bytes=0-1, 30-40"), 200) << "one of them is there";
  EXPECT_EQ(status("bytes=20-30, 30-40"), 416);
  EXPECT_EQ(status("bytes=20-30, x"), 200) << "no ranges at all";
  EXPECT_EQ(status("bytes=,2-3,"), 206) << "a list of one";
  std::string many = "bytes=0-0";
  for (int i = 1; i < 16; i++) many += ",0-0";
  EXPECT_EQ(status(many), 200);
  EXPECT_EQ(status(many + ",0-0"), 416);
  EXPECT_NE(body(ask({{"range", many + ",0-0"}})).find("one at a time"), std::string::npos);
}

TEST(Represent, HeadHasNoRange) {
  EXPECT_EQ(ask({{"range", "bytes=1-2"}}, Method::head).status, 200);
}

TEST(Represent, IfRange) {
  const auto status = [](const char* value) { return ask({{"range", "bytes=1-2"}, {"if-range", value}}).status; };
  EXPECT_EQ(status("\"tag\""), 206);
  EXPECT_EQ(status("\"other\""), 200);
  EXPECT_EQ(status("W/\"tag\""), 200);
  EXPECT_EQ(status(kDate), 206);
  EXPECT_EQ(status("Fri, 20 Nov 2026 08:01:01 GMT"), 200);
  EXPECT_EQ(status("nonsense"), 200);
  EXPECT_EQ(status("\""), 200);
}

TEST(Represent, IfNoneMatch) {
  const auto status = [](const char* value, Method method = Method::get) {
    return ask({{"if-none-match", value}}, method).status;
  };
  EXPECT_EQ(status("\"tag\""), 304);
  EXPECT_EQ(status("W/\"tag\""), 304);
  EXPECT_EQ(status("\"a\", \"tag\""), 304);
  EXPECT_EQ(status("*"), 304);
  EXPECT_EQ(status("\"other\""), 200);
  EXPECT_EQ(status("tag"), 200);
  EXPECT_EQ(status("\"tag\"", Method::head), 304);
  EXPECT_EQ(status("\"tag\"", Method::put), 412);
  const Response response = ask({{"if-none-match", "\"tag\""}});
  EXPECT_EQ(header(response, "ETag"), "\"tag\"");
  EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
  EXPECT_EQ(header(response, "Content-Type"), "");
  // The date doesn't count beside it.
  EXPECT_EQ(ask({{"if-none-match", "\"other\""}, {"if-modified-since", kDate}}).status, 200);
}

TEST(Represent, Dates) {
  EXPECT_EQ(ask({{"if-modified-since", kDate}}).status, 304);
  EXPECT_EQ(ask({{"if-modified-since", "Fri, 20 Nov 2026 08:00:59 GMT"}}).status, 200);
  EXPECT_EQ(ask({{"if-modified-since", "yesterday"}}).status, 200);
  EXPECT_EQ(ask({{"if-unmodified-since", kDate}}).status, 200);
  EXPECT_EQ(ask({{"if-unmodified-since", "Fri, 20 Nov 2026 08:00:59 GMT"}}).status, 412);
}

TEST(Represent, IfMatch) {
  EXPECT_EQ(ask({{"if-match", "\"tag\""}}).status, 200);
  EXPECT_EQ(ask({{"if-match", "*"}}).status, 200);
  EXPECT_EQ(ask({{"if-match", "W/\"tag\""}}).status, 412);
  EXPECT_EQ(ask({{"if-match", "\"other\""}}).status, 412);
  EXPECT_EQ(ask({{"if-match", "\"tag\""}, {"if-unmodified-since", "Fri, 20 Nov 2020 08:00:59 GMT"}}).status, 200);
}

TEST(Represent, CutsEveryKindOfBody) {
  class Digits final : public ByteSource {
    uint64_t size() const override { return 10; }
    Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const override {
      for (size_t i = 0; i < data.size(); i++) data[i] = static_cast<uint8_t>('0' + offset + i);
      return data.size();
    }
  };
  Request request;
  request.headers = {{"range", "bytes=2-4"}};
  const auto shared = std::make_shared<const std::string>("0123456789");
  EXPECT_EQ(body(represent(request, {shared, 10, "", "", {}, "", ""})), "234");
  const Response file = represent(request, {FileBody{nullptr, 100, 10}, 10, "", "", {}, "", ""});
  EXPECT_EQ(std::get<FileBody>(file.body).offset, 102U);
  EXPECT_EQ(std::get<FileBody>(file.body).size, 3U);
  const Response made =
      represent(request, {std::shared_ptr<const ByteSource>(std::make_shared<const Digits>()), 10, "", "", {}, "", ""});
  const auto& source = std::get<std::shared_ptr<const ByteSource>>(made.body);
  std::vector<uint8_t> data(8);
  EXPECT_EQ(source->size(), 3U);
  EXPECT_EQ(*source->read_at(1, data), 2U);
  EXPECT_EQ(data[0], '3');
  EXPECT_EQ(*source->read_at(3, data), 0U);
}

TEST(HttpDate, ThreeForms) {
  const WallMs now = *parse_rfc3339("2026-11-20T00:00:00Z");
  const WallMs wanted = *parse_rfc3339("1994-11-06T08:49:37Z");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), wanted);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), wanted);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), wanted);
  EXPECT_EQ(parse_http_date("Sun Nov 16 08:49:37 1994", now), wanted + std::chrono::days(10));
  EXPECT_EQ(parse_http_date("Friday, 20-Nov-26 00:00:00 GMT", now), now);
  EXPECT_EQ(format_http_date(wanted), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const char* bad :
       {"", "Sun", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "1994-11-06T08:49:37Z", ",", "Sun, 06 Nov -994 08:49:37 GMT"})
    EXPECT_FALSE(parse_http_date(bad, now)) << bad;
}

TEST(Attachment, NamesAreSafe) {
  EXPECT_EQ(attachment("cam01 2026-11-20.mp4"), "attachment; filename=\"cam01 2026-11-20.mp4\"");
  EXPECT_EQ(attachment("차.mp4"), "attachment; filename=\"_.mp4\"; filename*=UTF-8''%EC%B0%A8.mp4");
  EXPECT_EQ(attachment("a\"b\r\nc\\d/e%f\x7f\xff"),
            "attachment; filename=\"a_b__c_d_e_f__\"; filename*=UTF-8''a%22b__c_d_e%25f__");
}

TEST(Problem, FromErrors) {
  EXPECT_EQ(problem(Error(ErrorCode::no_input, "gone")).status, 404);
  EXPECT_EQ(problem(Error(ErrorCode::usage, "x")).status, 400);
  EXPECT_EQ(problem(Error(ErrorCode::data, "x")).status, 400);
  EXPECT_EQ(problem(Error(ErrorCode::permission, "x")).status, 403);
  const Response busy = problem(Error(ErrorCode::try_again, "x"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(header(busy, "Retry-After"), "1");
  const Response bug = problem(Error(ErrorCode::io, "cannot read '/secret'"));
  EXPECT_EQ(bug.status, 500);
  EXPECT_EQ(body(bug).find("secret"), std::string::npos);
  EXPECT_EQ(bug.log, "cannot read '/secret'");
  EXPECT_EQ(body(problem(404, "no \"such\" \xff")),
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"detail\":\"no \\\"such\\\" "
            "\xef\xbf\xbd\"}\n");
}

}  // namespace
}  // namespace cbx::http
