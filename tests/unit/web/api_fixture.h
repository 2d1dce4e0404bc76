// The whole service on a real server, with a camera that has recordings, and everybody who may ask.
#pragma once

#include <map>
#include <nlohmann/json.hpp>

#include "../http/client.h"
#include "letter_box.h"
#include "recordings_fixture.h"
#include "state/state.h"
#include "store/journal.h"
#include "web/assets.h"
#include "web/service.h"

namespace cbx::web {

using TestJson = nlohmann::json;

class ApiTest : public RecordingsTest {
 protected:
  void SetUp() override {
    make_accounts();
    make_recordings();
    start();
  }

  void make_accounts() {
    auto state = state::State::open(store_.state_path(), true);
    ASSERT_TRUE(state) << state.error().message();
    const WallMs now = floor_ms(clock_.wall());
    for (const char* id : {"cam01", "cam02"}) {
      state::Device d;
      d.id = id;
      d.nickname = std::string("car of ") + id;
      d.tags = {"taxi"};
      if (d.id == "cam02") d.key = "key-of-cam02";
      d.created = now;
      ASSERT_TRUE(state->add_device(d));
    }
    for (const char* name : {"owner", "viewer", "stranger", "root"}) {
      state::User u;
      u.name = name;
      u.admin = u.name == "root";
      u.created = now;
      ASSERT_TRUE(state->add_user(u));
    }
    ASSERT_TRUE(state->set_owner("cam01", "owner"));
    ASSERT_TRUE(state->share({"cam01", "viewer", std::nullopt, now}));
    const auto add = [&](const std::string& who, state::TokenKind kind, const std::string& user,
                         const std::string& device, bool read_only, std::optional<WallMs> until) {
      state::Token t;
      t.kind = kind;
      t.user = user;
      t.device = device;
      t.read_only = read_only;
      t.until = until;
      t.created = now;
      auto made = state->add_token(t);
      ASSERT_TRUE(made) << who << ": " << made.error().message();
      tokens_[who] = made->secret;
    };
    const WallMs tomorrow = now + std::chrono::hours(24), soon = now + std::chrono::minutes(1);
    using enum state::TokenKind;
    for (const char* name : {"owner", "viewer", "stranger"}) add(name, user, name, "", false, std::nullopt);
    add("admin", user, "root", "", false, std::nullopt);
    add("read_only", user, "owner", "", true, std::nullopt);
    add("elsewhere", user, "root", "cam02", false, std::nullopt);
    add("expired", user, "root", "", false, soon);
    add("device", device, "", "cam01", false, std::nullopt);
    add("other_device", device, "", "cam02", false, std::nullopt);
    add("link", link, "", "cam01", true, tomorrow);
    clock_.advance(std::chrono::minutes(2));
    const auto session = state->add_session("owner", "192.0.2.1", "a browser", floor_ms(clock_.wall()));
    ASSERT_TRUE(session) << session.error().message();
    tokens_["session"] = session->secret;
  }

  // Four minutes of cam01, of which the third is missing, and all that can be on record besides.
  void make_recordings() {
    for (const int minute : {0, 1, 3}) starts_.push_back(t0_ + std::chrono::minutes(minute));
    std::vector<Record> records;
    for (const WallMs start : starts_) {
      Writing w = begin("cam01", start);
      go_on(w, 2);
      SegmentRecord s = finish(w, "cam01", start);
      s.connection = "c1";
      s.codecs = "avc1.64001f,mp4a.40.2";
      s.clock_offset_ms = 12;
      s.lost = 1;
      records.emplace_back(s);
    }
    records.emplace_back(ConnectionOpenRecord{"cam01", t0_, "c1", "192.0.2.1:5000", "srt", 128, 2000});
    records.emplace_back(
        ConnectionCloseRecord{"cam01", t0_ + std::chrono::minutes(5), "c1", "peer_lost", "gone", 1, 2, 3, 4});
    records.emplace_back(LinkRecord{"cam01", t0_, "c1", 60000, 30'000'000, 22'000, 4'000'000, 5, 4, 1, 40, 100});
    records.emplace_back(EventRecord{"cam01", t0_ + Millis{500}, "shock", "bump", "g-sensor", 3.5});
    for (const Record& r : records) ASSERT_TRUE(store::append_journal(fs_, store_, {&r, 1}));
    add_to_index(records);
  }

  void start() {
    Access::Options patient;
    patient.failures = 1'000'000;
    access_ = std::make_unique<Access>(store_, patient, clock_, log_);
    live_ = std::make_unique<playback::LiveHub>(store_, playback::LiveHub::Options{}, clock_, log_);
    vault_ = std::make_unique<Vault>(store_, *access_, *live_, clock_, log_);
    const std::string key = dir_.path() + "/key.pem";
    ASSERT_EQ(std::system(("openssl genpkey -algorithm ed25519 -out '" + key + "'").c_str()), 0);
    auto signing = cut::SigningKey::load(key);
    ASSERT_TRUE(signing) << signing.error().message();
    key_ = std::make_unique<cut::SigningKey>(std::move(*signing));
    context_ =
        std::make_unique<Context>(Context{store_, *access_, *vault_, clock_, log_, key_.get(), "9.9.9", &stopping_});
    context_->picture_tool = make_picture_tool();
    context_->mail = &mail_.queue;
    context_->login = login_;
    add_media_routes(*context_, routes_);
    add_api_routes(*context_, routes_);
    add_health_routes(
        *context_, [this] { return server_->stats(); }, routes_);
    make_page();
    auto assets = Assets::load(web_, log_);
    ASSERT_TRUE(assets) << assets.error().message();
    assets_ = std::move(*assets);
    add_page_routes(*assets_, page_routes_);
    std::vector<http::Route> all = routes_;
    all.insert(all.end(), page_routes_.begin(), page_routes_.end());
    http::ServerOptions options;
    options.listen = {*http::parse_listen("127.0.0.1:0")};
    options.trusted_proxies = {"127.0.0.1"};  // so that requests can say that they came by https
    auto server =
        http::Server::start(options, std::move(all), {Access::take_share_link, Access::redact, missing_page}, log_);
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::make_unique<http::Server>(std::move(*server));
  }

  void write_web(const std::string& name, const std::string& text) const {
    const std::string path = web_ + "/" + name;
    ASSERT_TRUE(PosixFilesystem{}.make_dirs(path.substr(0, path.rfind('/'))));
    std::ofstream(path) << text;
  }
  void make_page() const {
    write_web("index.html", "<!doctype html><body>%NOTICE%<script type=\"module\" src=\"%ASSETS%/app.js\"></script>\n");
    std::string app;
    for (int i = 0; i < 100; i++) app += "// line " + std::to_string(i) + "\n";
    write_web("app.js", app);
    write_web("style.css", "body {}\n");
    write_web("views/day.js", "export default 1;\n");
    write_web("manifest.webmanifest", "{}");
    write_web("icon.svg", "<svg/>");
  }
  // In the place of cbx-picture, which has tests of its own: something that browsers would take for a JPEG, with what
  // it was called with.  Counts its runs.
  std::string make_picture_tool() const {
    const std::string path = dir_.path() + "/picture-tool";
    std::ofstream(path) << "#!/bin/sh\necho run >> '" << dir_.path() << "/pictures-made'\n"
                        << "[ -s /dev/stdin ] || exit 66\n"
                        << "printf '\\377\\330%s\\377\\331' \"$*\"\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  // `who` as in tokens_, or "nobody".  As a page of the server's own would ask.
  http::Reply ask(const std::string& who, const std::string& method, const std::string& path,
                  const std::string& body = "", const std::string& headers = "") {
    std::string fields = headers + "Connection: close\r\nSec-Fetch-Site: same-origin\r\n";
    const std::string prefix = who == "link" ? "/t/" + tokens_[who] : "";
    if (who == "session") fields += "Cookie: __Host-cbx=" + tokens_[who] + "\r\n";
    if (who != "nobody" && who != "link" && who != "session")
      fields += "Authorization: Bearer " + tokens_[who] + "\r\n";
    if (!body.empty())
      fields += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    http::Client client(server_->addresses().front());
    const auto reply = client.request(method, prefix + path, fields, body);
    EXPECT_TRUE(reply) << method << " " << path << " as " << who;
    return reply.value_or(http::Reply{});
  }
  http::Reply get(const std::string& path, const std::string& who = "owner") { return ask(who, "GET", path); }
  TestJson json(const std::string& path, const std::string& who = "owner") {
    const auto reply = get(path, who);
    EXPECT_EQ(reply.status, 200) << path << "\n" << reply.body;
    return TestJson::parse(reply.body, nullptr, false);
  }
  static std::string id(WallMs start) { return std::to_string(start.time_since_epoch().count()); }

  const std::string cam_ = "/api/v1/devices/cam01";
  std::map<std::string, std::string> tokens_;
  std::vector<WallMs> starts_;
  std::atomic<bool> stopping_{false};
  std::vector<http::Route> routes_, page_routes_;  // those of the page are in no description
  LetterBox mail_;
  LoginOptions login_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<playback::LiveHub> live_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<cut::SigningKey> key_;
  const std::string web_ = dir_.path() + "/web";
  std::unique_ptr<Context> context_;
  std::unique_ptr<Assets> assets_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace cbx::web
