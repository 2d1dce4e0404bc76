// Users, cameras and tokens, and requests as they bring them.
#pragma once

#include "web/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "state/state.h"
#include "temp_dir.h"
#include "web/test_clock.h"

namespace cbx::web {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using http::Response;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

inline std::string base64(std::string_view text) {
  std::string out(sodium_base64_encoded_len(text.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  out.pop_back();
  return out;
}

inline Request from(std::string peer, Method method = Method::get) {
  Request request;
  request.method = method;
  request.path = "/media/cam01/hls/live/main.m3u8";
  request.peer = std::move(peer);
  return request;
}
inline Request bearer(std::string_view token, std::string peer = "192.0.2.1", Method method = Method::get) {
  Request request = from(std::move(peer), method);
  request.headers["authorization"] = "Bearer " + std::string(token);
  return request;
}
inline Request basic(std::string_view name, std::string_view password, std::string peer = "192.0.2.1",
                     Method method = Method::get) {
  Request request = from(std::move(peer), method);
  request.headers["authorization"] = "Basic " + base64(std::string(name) + ":" + std::string(password));
  return request;
}
inline Request link(std::string_view token, Method method = Method::get) {
  Request request = from("192.0.2.1", method);
  request.path = "/t/" + std::string(token) + request.path;
  Access::take_share_link(request);
  return request;
}

inline std::string header(const Response& response, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : response.headers)
    if (key == name) all += (all.empty() ? "" : " | ") + value;
  return all;
}

// A hash of a password is the password here, so that tests don't wait for Argon2id; each look is counted.
class AccessTest : public testing::Test {
 protected:
  void SetUp() override {
    auto made = store::Store::init(dir_.path() + "/root", UtcOffset{}, std::nullopt);
    ASSERT_TRUE(made);
    store_.emplace(std::move(*made));
    state_.emplace(std::move(*state::State::open(store_->state_path(), true)));
    for (const char* name : {"owner", "viewer", "stranger", "boss"}) add_user(name);
    ASSERT_TRUE(state_->set_user_enabled("boss", true));
    for (const char* id : {"cam01", "cam02"}) {
      state::Device device;
      device.id = id;
      ASSERT_TRUE(state_->add_device(device));
    }
    ASSERT_TRUE(state_->set_owner("cam01", "owner"));
    ASSERT_TRUE(state_->share({"cam01", "viewer", now() + 1h, now()}));
    start({});
  }
  void start(Access::Options options) {
    access_.reset();
    options.verify = [this](const std::string& hash, std::string_view password) {
      const std::lock_guard lock(mutex_);
      hashed_++;
      return hash == "hash of " + std::string(password);
    };
    access_.emplace(*store_, options, clock_, log_);
  }
  void add_user(const std::string& name) {
    state::User user;
    user.name = name;
    user.password_hash = "hash of " + name + "'s password";
    user.admin = name == "boss";
    ASSERT_TRUE(state_->add_user(user));
  }
  WallMs now() const { return floor_ms(clock_.wall()); }
  int hashed() {
    const std::lock_guard lock(mutex_);
    return hashed_;
  }
  // As the server does it: calls again when there is news.
  Response ask(Request request) {
    principal_.reset();
    for (int calls = 0; calls < 100; calls++) {
      auto answer = access_->with_principal(request, [&](const Principal& principal) {
        principal_ = principal;
        return Response{};
      });
      user_ = request.user;
      if (auto* response = std::get_if<Response>(&answer)) return std::move(*response);
      wait_for(std::get<http::Wait>(answer));
    }
    ADD_FAILURE() << "no answer";
    return {};
  }
  static void wait_for(const http::Wait& wait) {
    std::mutex mutex;
    std::condition_variable changed;
    const auto subscription = wait.on->subscribe([&] {
      const std::lock_guard lock(mutex);
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 30s, [&] { return wait.on->count() != wait.seen; }));
  }
  Principal must(Request request) {
    const Response response = ask(std::move(request));
    EXPECT_EQ(response.status, 200);
    return principal_.value_or(Principal{});
  }
  int status(Request request) { return ask(std::move(request)).status; }
  std::string may(const Principal& principal, std::string_view device) {
    std::string out;
    if (access_->may(principal, device, Permission::view)) out += "v";
    if (access_->may(principal, device, Permission::change)) out += "c";
    if (access_->may(principal, device, Permission::report)) out += "r";
    return out;
  }
  state::NewToken token(state::Token wanted) {
    wanted.created = now();
    auto made = state_->add_token(std::move(wanted));
    EXPECT_TRUE(made);
    clock_.pass(1s);
    return *made;
  }
  state::Token of(const std::string& user) {
    state::Token wanted;
    wanted.user = user;
    return wanted;
  }
  state::Token of_kind(state::TokenKind kind, const std::string& device) {
    state::Token wanted;
    wanted.kind = kind;
    wanted.device = device;
    if (kind == state::TokenKind::link) wanted.until = now() + 24h;
    return wanted;
  }

  test::TempDir dir_;
  test::TestClock clock_;
  Logger log_ = Logger::silent();
  std::optional<store::Store> store_;
  std::optional<state::State> state_;
  std::mutex mutex_;
  int hashed_ = 0;
  std::optional<Access> access_;
  std::optional<Principal> principal_;
  std::string user_;
};

}  // namespace cbx::web
