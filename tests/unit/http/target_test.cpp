#include "http/target.h"

#include <gtest/gtest.h>

#include "http/address.h"
#include "http/router.h"

namespace cbx::http {
namespace {

std::string path(std::string_view raw) {
  const auto target = parse_target(raw);
  return target ? target->path : "error: " + target.error().message();
}

TEST(Target, Decodes) {
  EXPECT_EQ(path("/"), "/");
  EXPECT_EQ(path("/a/b%20c/%ec%B0%a8"), "/a/b c/차");
  EXPECT_EQ(path("/a+b?c"), "/a+b");
  EXPECT_EQ(path("http://host:80/a/b?c"), "/a/b");
  EXPECT_EQ(path("http://host"), "/");
  EXPECT_EQ(path("http://host?a=b"), "/");
  EXPECT_EQ(path("/a#b?c"), "/a");
  EXPECT_EQ(path("/...a/..b/.c"), "/...a/..b/.c");
}

TEST(Target, RefusesWhatIsDangerous) {
  for (const char* raw : {"",
                          "*",
                          "a",
                          "?a",
                          "//",
                          "//a",
                          "/a//b",
                          "/a/../b",
                          "/..",
                          "/a/..",
                          "/.",
                          "/a/./b",
                          "/%2e%2e/a",
                          "/%2E./a",
                          "/a%2fb",
                          "/a%2Fb",
                          "/a%00b",
                          "/a%0ab",
                          "/a%7f",
                          "/%",
                          "/%1",
                          "/%zz",
                          "/%ff",
                          "/%c0%af",
                          "/%ed%a0%80",
                          "/a?b=%00",
                          "/a?b=%ff",
                          "/a?b=%4",
                          "javascript://%0a",
                          "host:80"})
    EXPECT_FALSE(parse_target(raw)) << raw << " gave " << path(raw);
}

TEST(Target, Queries) {
  const auto target = parse_target("/a?x=1&y=a%26b+c&&z&=e&x=2");
  ASSERT_TRUE(target);
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"x", "1"}, {"y", "a&b c"}, {"z", ""}, {"", "e"}, {"x", "2"}};
  EXPECT_EQ(target->query, wanted);
  std::string many = "/a?";
  for (int i = 0; i < 200; i++) many += "a=b&";
  EXPECT_FALSE(parse_target(many));
}

Answer nothing(Request&) {
  return Response{};
}

TEST(Router, LiteralsWinAndNamesAreTaken) {
  const auto router = Router::make({{Method::get, "/", "root", nothing, 0},
                                    {Method::get, "/d/{device}", "one", nothing, 0},
                                    {Method::get, "/d/all", "all", nothing, 0},
                                    {Method::get, "/d/{id}/x", "x", nothing, 0},
                                    {Method::del, "/d/{device}", "remove", nothing, 0},
                                    {Method::get, "/d/all/y", "y", nothing, 0},
                                    {Method::post, "/d/new", "new", nothing, 0},
                                    {Method::put, "/d/all/x", "put", nothing, 0},
                                    {Method::get, "/f/{v}/{path...}", "tail", nothing, 0},
                                    {Method::get, "/f/{v}/{w}/z", "z", nothing, 0}});
  ASSERT_TRUE(router) << router.error().message();
  const auto find = [&](std::string_view path, Method method = Method::get) {
    Fields params;
    const auto match = router->find(method, path, params);
    std::string text = match.route == Router::kNone ? "none " + match.allow : router->routes()[match.route].name;
    for (const auto& [name, value] : params) text += " " + name + "=" + value;
    return text;
  };
  EXPECT_EQ(find("/"), "root");
  EXPECT_EQ(find("/d/all"), "all");
  EXPECT_EQ(find("/d/cam"), "one device=cam");
  EXPECT_EQ(find("/d/cam", Method::del), "remove device=cam");
  EXPECT_EQ(find("/d/cam", Method::head), "one device=cam");
  EXPECT_EQ(find("/d/all/x"), "x id=all");
  EXPECT_EQ(find("/d/all/y"), "y");
  EXPECT_EQ(find("/d/cam", Method::put), "none GET, HEAD, DELETE, OPTIONS");
  // A literal that lacks the method leaves the name's route alone.
  EXPECT_EQ(find("/d/new", Method::post), "new");
  EXPECT_EQ(find("/d/new"), "one device=new");
  EXPECT_EQ(find("/d/new", Method::del), "remove device=new");
  EXPECT_EQ(find("/d/all/x", Method::head), "x id=all");
  EXPECT_EQ(find("/d/all/x", Method::put), "put");
  EXPECT_EQ(find("/d/new", Method::put), "none POST, OPTIONS");
  EXPECT_EQ(find("/d"), "none ");
  EXPECT_EQ(find("/d/"), "none ");
  EXPECT_EQ(find("/e"), "none ");
  EXPECT_EQ(find("/f/1/a/b/c.js"), "tail path=a/b/c.js v=1");
  EXPECT_EQ(find("/f/1/a"), "tail path=a v=1");
  EXPECT_EQ(find("/f/1/a/z"), "z v=1 w=a");
  EXPECT_EQ(find("/f/1"), "none ");
  EXPECT_EQ(find("/f/1/"), "none ");
}

TEST(Router, RefusesWrongTables) {
  EXPECT_FALSE(Router::make({{Method::get, "/a/{x}", "", nothing, 0}, {Method::get, "/a/{y}", "", nothing, 0}}));
  EXPECT_FALSE(Router::make({{Method::get, "a", "", nothing, 0}}));
  EXPECT_FALSE(Router::make({{Method::get, "/a//b", "", nothing, 0}}));
  EXPECT_FALSE(Router::make({{Method::get, "/a", "", nullptr, 0}}));
  EXPECT_FALSE(Router::make({{Method::get, "/a/{x...}/b", "", nothing, 0}}));
}

TEST(Listen, Addresses) {
  const auto parse = [](std::string_view text) -> std::string {
    const auto at = parse_listen(text);
    return at ? fmt::format("{}|{}|{}", at->host, at->port, at->unix_path) : "error";
  };
  EXPECT_EQ(parse("8080"), "|8080|");
  EXPECT_EQ(parse(":8080"), "|8080|");
  EXPECT_EQ(parse("127.0.0.1:0"), "127.0.0.1|0|");
  EXPECT_EQ(parse("localhost:80"), "127.0.0.1|80|");
  EXPECT_EQ(parse("[::1]:443"), "::1|443|");
  EXPECT_EQ(parse("unix:/run/x.sock"), "|0|/run/x.sock");
  for (const char* bad : {"", "a", "65536", "-1", "host:80", "::1:80", "[::1]", "[::1:80", "[1.2.3.4]:80", "1.2.3:80",
                          "unix:", "80 ", "1.2.3.4:"})
    EXPECT_EQ(parse(bad), "error") << bad;
}

TEST(Origin, AsBrowsersWriteIt) {
  for (const char* good : {"*", "null", "https://example.org", "http://127.0.0.1:1", "http://[::1]:8080",
                           "http://[2001:db8::1]", "https://cam_1.example.org:8443", "capacitor://localhost"})
    EXPECT_TRUE(is_origin(good)) << good;
  for (const char* bad : {"",
                          "http://x/y",
                          "http://x/",
                          "http://",
                          "x",
                          "://x",
                          "http:x",
                          "https://Example.org",
                          "HTTP://x",
                          "http://x:",
                          "http://x:0",
                          "http://x:080",
                          "http://x:65536",
                          "http://x:80",
                          "https://x:443",
                          "http://a b",
                          "http://a@b",
                          "http://a,http://b",
                          "http://[::1",
                          "http://[]",
                          "http://[1.2.3.4]",
                          "http://::1",
                          "http://x\r\nSet-Cookie: a=b",
                          "http://*.example.org",
                          "http://x?y",
                          "http://x#y"})
    EXPECT_FALSE(is_origin(bad)) << bad;
}

TEST(Proxies, RightMostAddressThatIsNotTrusted) {
  const auto proxies = Proxies::parse({"10.0.0.0/8", "::1", "unix", "2001:db8::/33"});
  ASSERT_TRUE(proxies);
  const auto client = [&](const char* peer, std::string_view forwarded) {
    Address address;
    if (std::string_view(peer) == "unix") {
      address.unix_socket = true;
    } else {
      address = *Address::parse(peer);
    }
    return proxies->client(address, forwarded).text();
  };
  EXPECT_EQ(client("10.1.2.3", "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client("10.1.2.3", "1.1.1.1, 192.0.2.1, 10.9.9.9"), "192.0.2.1");
  EXPECT_EQ(client("11.1.2.3", "192.0.2.1"), "11.1.2.3");
  EXPECT_EQ(client("unix", "192.0.2.1:1234"), "192.0.2.1");
  EXPECT_EQ(client("unix", ""), "unix");
  EXPECT_EQ(client("::1", "[2001:db9::5]:80"), "2001:db9::5");
  EXPECT_EQ(client("::1", "192.0.2.1, 2001:db8::5"), "192.0.2.1");
  EXPECT_EQ(client("::1", "192.0.2.1, 2001:db8:8000::5"), "2001:db8:8000::5");
  EXPECT_EQ(client("::1", "192.0.2.1, nonsense, 10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(client("::ffff:10.0.0.1", "192.0.2.1"), "192.0.2.1");
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/a", "host", "", "::/129", "10.0.0.0/-1"})
    EXPECT_FALSE(Proxies::parse({bad})) << bad;
}

TEST(Address, PartyIsTheNetworkOfIPv6) {
  EXPECT_EQ(Address::parse("2001:db8:1:2:3:4:5:6")->party(), Address::parse("2001:db8:1:2::")->party());
  EXPECT_NE(Address::parse("2001:db8:1:2::")->party(), Address::parse("2001:db8:1:3::")->party());
  EXPECT_NE(Address::parse("192.0.2.1")->party(), Address::parse("192.0.2.2")->party());
}

}  // namespace
}  // namespace cbx::http
