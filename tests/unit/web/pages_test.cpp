// The page's files and addresses.
#include <csignal>

#include "api_fixture.h"
#include "web/gzip.h"

namespace cbx::web {
namespace {

class Pages : public ApiTest {
 protected:
  void SetUp() override {
    make_accounts();
    start();
  }
  std::string version() const { return assets_->current()->version; }
  http::Reply ask_for(const std::string& path, const std::string& headers = "", const char* method = "GET") {
    return ask("nobody", method, path, "", headers);
  }
};

TEST_F(Pages, EveryAddressIsThePageWithWhatProtectsIt) {
  for (const char* path : {"/", "/login", "/d/cam01/2026-11-20", "/admin/store", "/t/some-token", "/t/some-token/",
                           "/t/some-token/d/cam01/live", "/together?d=a,b&live"}) {
    const auto reply = ask_for(path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_NE(reply.body.find("src=\"/assets/" + version() + "/app.js\""), std::string::npos) << reply.body;
    EXPECT_EQ(reply.body.find('%'), std::string::npos) << reply.body;
    EXPECT_EQ(reply.header("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(reply.header("cache-control"), "no-cache");
    const std::string policy = reply.header("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
    EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
    EXPECT_NE(reply.header("permissions-policy").find("geolocation=()"), std::string::npos);
    const auto again = ask_for(path, "If-None-Match: " + reply.header("etag") + "\r\n");
    EXPECT_EQ(again.status, 304);
    EXPECT_FALSE(again.header("content-security-policy").empty());
  }
}

TEST_F(Pages, WhatIsNoPageIsNotThere) {
  for (const char* path :
       {"/nothing", "/index.html", "/d", "/d/", "/d/CAM", "/d/cam01/2026-13-01", "/d/cam01/yesterday", "/admin/x",
        "/assets", "/assets/x", "/assets/x/index.html", "/assets/x/nothing.js"}) {
    const auto plain = ask_for(path), browser = ask_for(path, "Accept: text/html,*/*;q=0.8\r\n");
    EXPECT_EQ(plain.status, 404) << path;
    EXPECT_EQ(plain.header("content-type"), "application/problem+json") << path;
    EXPECT_EQ(browser.status, 404) << path;
    EXPECT_EQ(browser.header("content-type"), "text/html; charset=utf-8") << path;
    EXPECT_TRUE(browser.header("content-security-policy").starts_with("default-src 'none'")) << path;
  }
  for (const char* path : {"/api/v1/nothing", "/media/nothing"})
    EXPECT_EQ(ask_for(path, "Accept: text/html\r\n").header("content-type"), "application/problem+json") << path;
  EXPECT_EQ(ask_for("/login", "", "DELETE").status, 405);
}

TEST_F(Pages, AssetsAreKeptForEverUnderTheirVersion) {
  const std::string base = "/assets/" + version();
  const std::map<std::string, std::string> types{{"/app.js", "text/javascript; charset=utf-8"},
                                                 {"/views/day.js", "text/javascript; charset=utf-8"},
                                                 {"/style.css", "text/css; charset=utf-8"},
                                                 {"/manifest.webmanifest", "application/manifest+json"},
                                                 {"/icon.svg", "image/svg+xml"}};
  for (const auto& [path, type] : types) {
    const auto reply = ask_for(base + path);
    EXPECT_EQ(reply.status, 200) << path;
    EXPECT_EQ(reply.header("content-type"), type);
    EXPECT_EQ(reply.header("cache-control"), "public, max-age=31536000, immutable");
    // A page from before an update still loads, but keeps nothing under the wrong name.
    const auto old = ask_for("/assets/0123456789abcdef" + path);
    EXPECT_EQ(old.body, reply.body);
    EXPECT_EQ(old.header("cache-control"), "no-cache");
    EXPECT_EQ(old.header("etag"), reply.header("etag"));
  }
}

TEST_F(Pages, TextIsZippedForThoseWhoTakeIt) {
  const std::string path = "/assets/" + version() + "/app.js";
  const auto plain = ask_for(path), zipped = ask_for(path, "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(plain.header("content-encoding"), "");
  EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
  EXPECT_EQ(zipped.header("content-encoding"), "gzip");
  EXPECT_EQ(zipped.header("vary"), "Accept-Encoding");
  EXPECT_NE(zipped.header("etag"), plain.header("etag"));
  EXPECT_LT(zipped.body.size(), plain.body.size() / 2);
  std::ofstream(dir_.path() + "/a.gz") << zipped.body;
  std::ofstream(dir_.path() + "/a") << plain.body;
  EXPECT_EQ(std::system(("gzip -dc '" + dir_.path() + "/a.gz' | cmp - '" + dir_.path() + "/a'").c_str()), 0);
  const auto same = ask_for(path, "Accept-Encoding: gzip\r\nIf-None-Match: " + zipped.header("etag") + "\r\n");
  EXPECT_EQ(same.status, 304);
  // What is small is sent as it is.
  EXPECT_EQ(ask_for("/assets/x/style.css", "Accept-Encoding: gzip\r\n").header("content-encoding"), "");
}

TEST(AcceptEncoding, AsTheFieldSays) {
  for (const char* field :
       {"gzip", "GZIP", "deflate, gzip", "gzip;q=1.0", "br;q=0, gzip ; q=0.001", "*", "x-gzip", "identity, *;q=0.5"})
    EXPECT_TRUE(accepts_gzip(field)) << field;
  for (const char* field :
       {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "identity", "gzip2", "*, gzip;q=0", ",;,", "gzi"})
    EXPECT_FALSE(accepts_gzip(field)) << field;
}

TEST_F(Pages, ReadAnewWhenTold) {
  const std::string before = version();
  write_web("app.js", "// another\n");
  write_web("new.js", "//\n");
  EXPECT_EQ(version(), before);
  ASSERT_TRUE(assets_->reload());
  EXPECT_NE(version(), before);
  EXPECT_EQ(ask_for("/assets/" + before + "/app.js").body, "// another\n");
  EXPECT_EQ(ask_for("/assets/" + version() + "/new.js").status, 200);
  // What can't be read leaves everything as it was.
  const std::string after = version();
  std::filesystem::remove(web_ + "/index.html");
  EXPECT_FALSE(assets_->reload());
  EXPECT_EQ(version(), after);
  EXPECT_EQ(ask_for("/").status, 200);
}

TEST_F(Pages, OnlyWhatPagesAreMadeOfIsServed) {
  write_web(".secret.js", "no");
  write_web(".git/x.js", "no");
  write_web("notes.txt", "no");
  write_web("package.json", "{}");
  write_web("node_modules/player/all.js", "no");
  ASSERT_TRUE(assets_->reload());
  for (const char* path : {".secret.js", ".git/x.js", "notes.txt", "package.json", "node_modules/player/all.js",
                           "vendor/all.js", "index.html"})
    EXPECT_EQ(ask_for(std::string("/assets/x/") + path).status, 404) << path;
}

TEST_F(Pages, ThePlayerComesOutOfItsModules) {
  write_web("vendor.txt", "# list\nplayer.mjs   player/dist/p.min.mjs\nkit/ kit/dist/\n");
  ASSERT_TRUE(assets_->reload());
  // Not fetched yet: the page says so, and the rest works.
  EXPECT_NE(ask_for("/").body.find("role=\"alert\""), std::string::npos);
  EXPECT_NE(ask_for("/assets/x/vendor/player.mjs").body.find("install.sh"), std::string::npos);
  const std::string etag = ask_for("/").header("etag");

  write_web("node_modules/player/dist/p.min.mjs", "player");
  write_web("node_modules/player/dist/other.mjs", "other");
  write_web("node_modules/kit/dist/a.js", "a");
  write_web("node_modules/kit/dist/a.d.ts", "types");
  write_web("node_modules/kit/dist/deep/b.js", "b");
  ASSERT_TRUE(assets_->reload());
  EXPECT_EQ(ask_for("/").body.find("role=\"alert\""), std::string::npos);
  EXPECT_NE(ask_for("/").header("etag"), etag);
  EXPECT_EQ(ask_for("/assets/x/vendor/player.mjs").body, "player");
  EXPECT_EQ(ask_for("/assets/x/vendor/kit/a.js").body, "a");
  for (const char* path : {"vendor/other.mjs", "vendor/kit/a.d.ts", "vendor/kit/deep/b.js", "vendor/kit/"})
    EXPECT_EQ(ask_for(std::string("/assets/x/") + path).status, 404) << path;

  // Installed: the files themselves.
  write_web("vendor/player.mjs", "installed");
  ASSERT_TRUE(assets_->reload());
  EXPECT_EQ(ask_for("/assets/x/vendor/player.mjs").body, "installed");
  std::filesystem::remove_all(web_ + "/vendor");
  for (const char* line : {"one", "a b c", "up ../../etc/passwd", "folder/ file"}) {
    write_web("vendor.txt", std::string(line) + "\n");
    EXPECT_FALSE(assets_->reload()) << line;
  }
}

}  // namespace
}  // namespace cbx::web
