// A store with accounts, recordings of two cameras, and the real server over them.
#pragma once

#include "../http/client.h"
#include "recordings_fixture.h"
#include "state/state.h"
#include "web/service.h"

namespace cbx::web {

class ServiceTest : public RecordingsTest {
 protected:
  ServiceTest() {
    auto state = state::State::open(store_.state_path(), true);
    EXPECT_TRUE(state) << state.error().message();
    for (const char* name : {"owner", "viewer", "stranger", "admin"}) {
      EXPECT_TRUE(state->add_user({name, "", "", std::string_view(name) == "admin", true, t0_}));
      tokens_[name] = token(*state, state::TokenKind::user, name, "");
    }
    for (const char* id : {"cam01", "cam02"}) {
      state::Device device;
      device.id = id;
      device.created = t0_;
      EXPECT_TRUE(state->add_device(device));
    }
    EXPECT_TRUE(state->set_owner("cam01", "owner"));
    EXPECT_TRUE(state->share({"cam01", "viewer", std::nullopt, t0_}));
    tokens_["device"] = token(*state, state::TokenKind::device, "", "cam01");
  }

  // After the store is as it should be.
  void serve() {
    access_ = std::make_unique<Access>(store_, Access::Options{}, system_clock_, log_);
    live_ = std::make_unique<playback::LiveHub>(store_, playback::LiveHub::Options{}, system_clock_, log_);
    vault_ = std::make_unique<Vault>(store_, *access_, *live_, system_clock_, log_);
    context_.reset(new Context{store_, *access_, *vault_, system_clock_, log_, nullptr, "1.2.3"});
    std::vector<http::Route> routes;
    add_media_routes(*context_, routes);
    http::ServerOptions options;
    options.listen = {{"127.0.0.1", 0, ""}};
    auto server = http::Server::start(options, std::move(routes), {Access::take_share_link, Access::redact}, log_);
    ASSERT_TRUE(server) << server.error().message();
    server_.emplace(std::move(*server));
  }

  // GET, or HEAD, as somebody; `headers` end with \r\n each.
  http::Reply get(const std::string& path, const std::string& who = "owner", const std::string& headers = "",
                  const char* method = "GET") {
    http::Client client(server_->addresses().front());
    const std::string bearer = who.empty() ? "" : "Authorization: Bearer " + tokens_.at(who) + "\r\n";
    const auto reply = client.request(method, path, bearer + headers);
    EXPECT_TRUE(reply) << "no answer to " << path;
    return reply.value_or(http::Reply{});
  }

  static std::string id(WallMs start) { return std::to_string(start.time_since_epoch().count()); }
  std::string file_address(WallMs start, const std::string& rest, const std::string& device = "cam01") const {
    return "/media/" + device + "/" + id(start) + "/" + rest;
  }

  std::map<std::string, std::string> tokens_;
  SystemClock system_clock_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<playback::LiveHub> live_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<Context> context_;
  std::optional<http::Server> server_;

 private:
  std::string token(state::State& state, state::TokenKind kind, const std::string& user, const std::string& device) {
    state::Token wanted;
    wanted.kind = kind;
    wanted.user = user;
    wanted.device = device;
    wanted.created = floor_ms(SystemClock().wall());
    const auto made = state.add_token(wanted);
    EXPECT_TRUE(made) << made.error().message();
    return made ? made->secret : "";
  }
};

}  // namespace cbx::web
