// New cameras, claimed ones, their keys, names and viewers; and taking them away.
#include <sys/file.h>

#include "api_fixture.h"

namespace cbx::web {
namespace {

using namespace std::chrono_literals;

class DeviceRoutes : public ApiTest {
 protected:
  TestJson body(const http::Reply& reply, int status) {
    EXPECT_EQ(reply.status, status) << reply.body;
    return TestJson::parse(reply.body, nullptr, false);
  }
  TestJson post(const std::string& path, const std::string& text, int status, const std::string& who = "stranger") {
    return body(ask(who, "POST", path, text), status);
  }
  std::string code(const http::Reply& reply) { return TestJson::parse(reply.body, nullptr, false).value("code", ""); }
  std::optional<state::Device> device(const std::string& id) {
    auto state = state::State::open(store_.state_path(), false);
    EXPECT_TRUE(state) << state.error().message();
    auto found = state->device(id);
    EXPECT_TRUE(found) << found.error().message();
    return *found;
  }
  std::string files(const std::string& device) {
    std::string out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(media(device)))
      if (entry.path().extension() != ".jsonl" && entry.is_regular_file())
        out += entry.path().filename().string() + " ";
    return out;
  }

  const std::string devices_ = "/api/v1/devices";
};

TEST_F(DeviceRoutes, ANewCameraIsItsMakersAtOnce) {
  const auto reply = ask("stranger", "POST", devices_, R"({"nickname":"Bus 7 – rear"})");
  const TestJson made = body(reply, 201);
  EXPECT_EQ(made["device"], "bus-7-rear");
  EXPECT_EQ(reply.header("location"), "/api/v1/devices/bus-7-rear");
  EXPECT_EQ(reply.header("cache-control"), "no-store");
  EXPECT_EQ(made["key"].get<std::string>().size(), 24u);
  EXPECT_EQ(made["host"], "test") << "the name that the client came by";
  const std::string address = made["address"], key = made["key"];
  EXPECT_EQ(address, "srt://test:8890?mode=caller&latency=2000&streamid=bus-7-rear&passphrase=" + key + "&pbkeylen=16");
  EXPECT_EQ(made["lines"].size(), 3u);
  EXPECT_NE(made["lines"][0]["text"].get<std::string>().find("latency=2000000&streamid=bus-7-rear"), std::string::npos);
  EXPECT_EQ(made["qr"]["rows"].size(), made["qr"]["size"].get<size_t>());
  // The clock of this server stands still: nothing is looked up because time has passed.
  const TestJson shown = json(devices_ + "/bus-7-rear", "stranger");
  EXPECT_EQ(shown["nickname"], "Bus 7 – rear");
  EXPECT_EQ(shown["role"], "owner");
  EXPECT_EQ(shown["owner"], "stranger");
  EXPECT_EQ(get(devices_ + "/bus-7-rear", "owner").status, 404);
  EXPECT_EQ(get(devices_ + "/bus-7-rear", "admin").status, 200);
  EXPECT_EQ(json(devices_ + "/bus-7-rear/key", "stranger")["key"], key);
  EXPECT_EQ(device("bus-7-rear")->key, key);
}

TEST_F(DeviceRoutes, IdsAreMadeOrTaken) {
  EXPECT_EQ(post(devices_, R"({"nickname":"차 7"})", 201)["device"].get<std::string>().substr(0, 4), "cam-");
  EXPECT_EQ(post(devices_, R"({"device":"mine"})", 201)["device"], "mine");
  EXPECT_EQ(post(devices_, R"({"nickname":"Mine!"})", 201)["device"].get<std::string>().substr(0, 5), "mine-");
  EXPECT_EQ(post(devices_, R"({"device":"cam02"})", 409)["code"], "id_taken");
  EXPECT_EQ(post(devices_, R"({"device":"claim"})", 201)["device"], "claim");
  EXPECT_EQ(get(devices_ + "/claim", "stranger").status, 200) << "although there is a route of that name";
  EXPECT_EQ(post(devices_, R"({"nickname":"car of cam01"})", 409)["code"], "nickname_taken");
  EXPECT_EQ(post(devices_, R"({"nickname":"cam01"})", 409)["code"], "nickname_taken");
  // Something was recorded under it, though nobody has it any more.
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "?footage=keep").status, 200);
  EXPECT_EQ(post(devices_, R"({"device":"cam01"})", 409)["code"], "id_taken");
  EXPECT_NE(post(devices_, R"({"nickname":"Cam01"})", 201)["device"], "cam01");
  EXPECT_EQ(post(devices_, R"({"device":"cam01"})", 201, "admin")["device"], "cam01");
  for (const char* wrong : {R"({"device":"../etc"})", R"({"device":"CAM"})", R"({"device":5})", R"({"key":"x"})",
                            R"({"nickname":"a\u0007b"})", "[]", ""})
    EXPECT_EQ(ask("stranger", "POST", devices_, wrong).status, 400) << wrong;
  EXPECT_EQ(ask("stranger", "POST", devices_, "{\"nickname\":\"" + std::string(20'000, 'x') + "\"}").status, 413);
}

TEST_F(DeviceRoutes, NobodyHasTooMany) {
  auto state = state::State::open(store_.state_path(), false);
  for (int i = 0; i < 200; i++) {
    state::Device d;
    d.id = "bulk" + std::to_string(i);
    d.created = t0_;
    d.owner = "stranger";
    ASSERT_TRUE(state->add_device(d));
  }
  EXPECT_EQ(post(devices_, "{}", 409)["code"], "too_many_devices");
}

TEST_F(DeviceRoutes, ClaimingHasOneAnswerForEveryReason) {
  const std::string claim = devices_ + "/claim";
  const auto without_instance = [](const http::Reply& reply) {
    const TestJson j = TestJson::parse(reply.body);
    return std::to_string(reply.status) + j.value("detail", "") + j.value("code", "");
  };
  std::set<std::string> answers;
  for (const char* wrong :
       {R"({"device":"cam02","key":"key-of-cam03"})", R"({"device":"nowhere","key":"key-of-cam02"})",
        R"({"device":"cam01","key":""})", R"({"device":"cam01","key":"key-of-cam01"})"})
    answers.insert(without_instance(ask("stranger", "POST", claim, wrong)));
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers.begin()->starts_with("404")) << *answers.begin();
  const std::string right = R"({"device":"cam02","key":"key-of-cam02"})";
  EXPECT_EQ(post(claim, right, 200)["owner"], "stranger");
  EXPECT_EQ(json(devices_ + "/cam02", "stranger")["role"], "owner");
  EXPECT_EQ(post(claim, right, 404, "viewer")["code"], "no_such_camera") << "it has an owner now";
}

TEST_F(DeviceRoutes, GuessingAtKeysIsSlowedDown) {
  const std::string claim = devices_ + "/claim";
  const auto guess = [&](const std::string& who, int i) {
    return ask(who, "POST", claim, R"({"device":"cam02","key":"wrong-key-)" + std::to_string(i) + "\"}");
  };
  for (int i = 0; i < 10; i++) EXPECT_EQ(guess("stranger", i).status, 404);
  EXPECT_EQ(guess("stranger", 3).status, 404) << "the same again is no new guess";
  const auto blocked = guess("stranger", 11);
  EXPECT_EQ(blocked.status, 429);
  EXPECT_FALSE(blocked.header("retry-after").empty());
  EXPECT_EQ(ask("stranger", "POST", claim, R"({"device":"cam02","key":"key-of-cam02"})").status, 429);
  // Others at the same address go on, up to the address's own limit.
  for (int i = 20; i < 30; i++) EXPECT_EQ(guess("viewer", i).status, 404);
  for (int i = 30; i < 40; i++) EXPECT_EQ(guess("owner", i).status, 404);
  EXPECT_EQ(guess("admin", 41).status, 429);
  clock_.advance(601s);
  EXPECT_EQ(post(claim, R"({"device":"cam02","key":"key-of-cam02"})", 200)["device"], "cam02");
}

TEST_F(DeviceRoutes, ANewKeyReplacesTheOld) {
  const std::string before = device("cam01")->key;
  const TestJson made = post(cam_ + "/key", "", 200, "owner");
  EXPECT_EQ(device("cam01")->key, made["key"]);
  EXPECT_NE(device("cam01")->key, before);
  EXPECT_EQ(json(cam_ + "/key")["key"], made["key"]);
}

TEST_F(DeviceRoutes, NamesAndTagsChange) {
  const auto patch = [&](const std::string& text) { return ask("owner", "PATCH", cam_, text); };
  const TestJson now = body(patch(R"({"nickname":"<b>차</b>","tags":["b","a","b"],"enabled":false})"), 200);
  EXPECT_EQ(now["nickname"], "<b>차</b>");
  EXPECT_EQ(now["tags"], TestJson::array({"a", "b"}));
  EXPECT_EQ(now["enabled"], false);
  EXPECT_EQ(body(patch(R"({"tags":[]})"), 200)["tags"], TestJson::array());
  EXPECT_EQ(json(cam_)["nickname"], "<b>차</b>");
  EXPECT_EQ(body(patch(R"({"nickname":""})"), 200)["nickname"], "");
  // What strangers call theirs is no hindrance, nor told.
  EXPECT_EQ(patch(R"({"nickname":"car of cam02"})").status, 200);
  EXPECT_EQ(body(patch(R"({"nickname":""})"), 200)["nickname"], "");
  ASSERT_TRUE(state::State::open(store_.state_path(), false)->set_owner("cam02", "owner"));
  EXPECT_EQ(code(patch(R"({"nickname":"car of cam02"})")), "nickname_taken");
  for (const char* wrong : {R"({"nickname":"tag:x"})", R"({"tags":"a"})", R"({"tags":["a b"]})", R"({"tags":[1]})",
                            R"({"enabled":1})", R"({"owner":"stranger"})", R"({"nickname":"new","enabled":"no"})"})
    EXPECT_EQ(patch(wrong).status, 400) << wrong;
  EXPECT_EQ(json(cam_)["nickname"], "") << "nothing of a wrong request is done";
}

TEST_F(DeviceRoutes, SharesAndLinksComeAndGo) {
  const std::string shares = cam_ + "/shares";
  EXPECT_EQ(get(cam_, "stranger").status, 404);
  EXPECT_EQ(ask("owner", "PUT", shares + "/stranger", "{}").status, 204);
  EXPECT_EQ(get(cam_, "stranger").status, 200);
  EXPECT_EQ(ask("stranger", "PUT", shares + "/viewer", "{}").status, 403);
  EXPECT_EQ(json(shares)["shares"].size(), 2u);
  EXPECT_EQ(json(shares)["owner"], "owner");
  // A viewer takes only the own view away.
  EXPECT_EQ(ask("stranger", "DELETE", shares + "/viewer").status, 403);
  EXPECT_EQ(ask("stranger", "DELETE", shares + "/stranger").status, 204);
  EXPECT_EQ(get(cam_, "stranger").status, 404);
  EXPECT_EQ(code(ask("owner", "DELETE", shares + "/stranger")), "no_such_share");
  EXPECT_EQ(ask("owner", "PUT", shares + "/owner", "{}").status, 400);
  EXPECT_EQ(ask("owner", "PUT", shares + "/stranger", R"({"until":"2001-01-01"})").status, 400);
  EXPECT_EQ(ask("owner", "PUT", shares + "/stranger", R"({"until":"2026-11-21T20:00:00Z"})").status, 204);
  EXPECT_EQ(get(cam_, "stranger").status, 200);
  clock_.advance(48h);
  EXPECT_EQ(get(cam_, "stranger").status, 404) << "it has ended";
  EXPECT_EQ(json(shares)["shares"].size(), 1u);

  EXPECT_EQ(ask("owner", "POST", cam_ + "/links", "{}").status, 400) << "a link has to end";
  EXPECT_EQ(ask("owner", "POST", cam_ + "/links", R"({"until":"2001-01-01"})").status, 400);
  const TestJson link = post(cam_ + "/links", R"({"until":"2026-12-24","name":"police"})", 201, "owner");
  const std::string path = link["path"];
  EXPECT_TRUE(path.starts_with("/t/cbx_") && path.ends_with("/"));
  EXPECT_EQ(get(path + "api/v1/devices/cam01", "nobody").status, 200);
  EXPECT_EQ(get(path + "api/v1/devices/cam02", "nobody").status, 404);
  EXPECT_EQ(get(path + "api/v1/devices/cam01/key", "nobody").status, 403);
  EXPECT_EQ(json(shares)["links"].back()["name"], "police");
  EXPECT_EQ(json(shares).dump().find(path.substr(3, 20)), std::string::npos) << "its secret is told once";
  // By the address of another camera it can't be taken back.
  EXPECT_EQ(code(ask("admin", "DELETE", devices_ + "/cam02/links/" + link["id"].get<std::string>())), "no_such_link");
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "/links/" + link["id"].get<std::string>()).status, 204);
  EXPECT_EQ(get(path + "api/v1/devices/cam01", "nobody").status, 404);
}

TEST_F(DeviceRoutes, LookingForNamesIsSlowedDown) {
  for (int i = 0; i < 20; i++)
    EXPECT_EQ(code(ask("owner", "PUT", cam_ + "/shares/name" + std::to_string(i), "{}")), "no_such_user");
  EXPECT_EQ(ask("owner", "PUT", cam_ + "/shares/name77", "{}").status, 429);
  clock_.advance(601s);
  EXPECT_EQ(ask("owner", "PUT", cam_ + "/shares/stranger", "{}").status, 204);
}

TEST_F(DeviceRoutes, FootageMayBeKept) {
  EXPECT_EQ(ask("owner", "DELETE", cam_).status, 400) << "it has to be said";
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "?footage=both").status, 400);
  ASSERT_TRUE(device("cam01"));
  EXPECT_EQ(body(ask("owner", "DELETE", cam_ + "?footage=keep"), 200)["files_deleted"], 0);
  EXPECT_FALSE(device("cam01"));
  EXPECT_EQ(get(cam_, "owner").status, 404);
  EXPECT_EQ(get(cam_, "viewer").status, 404);
  EXPECT_EQ(json(cam_ + "/segments", "admin")["segments"].size(), 3u);
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "?footage=delete").status, 404);
  EXPECT_EQ(body(ask("admin", "DELETE", cam_ + "?footage=delete"), 200)["files_deleted"], 3);
  EXPECT_EQ(files("cam01"), "");
}

TEST_F(DeviceRoutes, FootageIsDeletedAndTheRowGoesLast) {
  // Pinned; known to the journal alone; known to nobody; half-written by nobody any more.
  const std::string pin = R"({"from":"2026-11-20T08:00:00Z","to":"2026-11-20T08:00:30Z","reason":"court"})";
  EXPECT_EQ(ask("owner", "POST", cam_ + "/pins", pin).status, 201);
  for (const auto& [minutes, journalled] : {std::pair{10, true}, {11, false}}) {
    const WallMs start = t0_ + std::chrono::minutes(minutes);
    Writing w = begin("cam01", start);
    go_on(w, 2);
    const Record record = finish(w, "cam01", start);
    if (!journalled) continue;
    ASSERT_TRUE(store::append_journal(fs_, store_, {&record, 1}));
  }
  Writing half = begin("cam01", t0_ + 12min);
  go_on(half, 2);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(media("cam01")))
    if (entry.is_regular_file())
      std::filesystem::last_write_time(entry, std::filesystem::file_time_type::clock::now() - 1h);
  Writing other = begin("cam02", t0_);
  go_on(other, 2);

  const TestJson gone = body(ask("owner", "DELETE", cam_ + "?footage=delete"), 200);
  EXPECT_EQ(gone["files_deleted"], 6);
  EXPECT_EQ(gone["footage"], "deleted");
  EXPECT_EQ(files("cam01"), "");
  EXPECT_NE(files("cam02"), "") << "another camera's";
  EXPECT_FALSE(device("cam01"));
  EXPECT_EQ(get(cam_, "owner").status, 404);
  EXPECT_EQ(json(cam_ + "/segments", "admin")["segments"].size(), 0u);
  const std::string journal = content(store_.journal_path("cam01", t0_));
  EXPECT_NE(journal.find(R"("who":"owner")"), std::string::npos);
}

TEST_F(DeviceRoutes, AFileBeingWrittenIsWaitedFor) {
  const WallMs start = floor_ms(clock_.wall()) - 20s;
  Writing w = begin("cam01", start);
  go_on(w, 2);
  UniqueFd lock{::open(media(store_.part_path("cam01", start)).c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  http::Reply reply;
  std::thread asker([&] { reply = ask("owner", "DELETE", cam_ + "?footage=delete"); });
  // The camera is disabled first, then the older files go.
  for (int i = 0; i < 200 && (device("cam01")->enabled || files("cam01").find(".mp4 ") != std::string::npos); i++)
    std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(device("cam01")->enabled);
  EXPECT_EQ(files("cam01"), "." + store_.segment_name(start) + ".part ");
  EXPECT_EQ(code(ask("owner", "DELETE", cam_ + "?footage=keep")), "being_deleted");
  EXPECT_EQ(get(cam_).status, 200) << "others are answered meanwhile";
  const Record record = finish(w, "cam01", start);
  ASSERT_TRUE(store::append_journal(fs_, store_, {&record, 1}));
  lock.reset();
  asker.join();
  EXPECT_EQ(body(reply, 200)["files_deleted"], 4);
  EXPECT_EQ(files("cam01"), "");
  EXPECT_FALSE(device("cam01"));
}

TEST_F(DeviceRoutes, WhatWasInterruptedGoesOn) {
  const WallMs start = floor_ms(clock_.wall()) - 20s;
  Writing w = begin("cam01", start);
  go_on(w, 2);
  UniqueFd lock{::open(media(store_.part_path("cam01", start)).c_str(), O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  stopping_ = true;
  EXPECT_EQ(ask("owner", "DELETE", cam_ + "?footage=delete").status, 503);
  ASSERT_TRUE(device("cam01"));
  EXPECT_FALSE(device("cam01")->enabled);
  stopping_ = false;
  lock.reset();
  std::filesystem::last_write_time(media(store_.part_path("cam01", start)),
                                   std::filesystem::file_time_type::clock::now() - 1h);
  EXPECT_EQ(body(ask("owner", "DELETE", cam_ + "?footage=delete"), 200)["files_deleted"], 4);
  EXPECT_FALSE(device("cam01"));
}

TEST_F(DeviceRoutes, AdministratorsLookAfterPeople) {
  const std::string users = "/api/v1/users";
  const auto patch = [&](const std::string& who, const std::string& text) {
    return ask("admin", "PATCH", users + "/" + who, text);
  };
  const TestJson list = json(users, "admin")["users"];
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0]["name"], "owner");
  EXPECT_EQ(list[0]["devices"], 1);
  EXPECT_EQ(list.dump().find("hash"), std::string::npos);
  EXPECT_EQ(code(patch("root", R"({"admin":false})")), "last_admin");
  EXPECT_EQ(code(patch("root", R"({"enabled":false})")), "last_admin");
  EXPECT_EQ(code(ask("admin", "DELETE", users + "/root")), "yourself");
  EXPECT_EQ(body(patch("stranger", R"({"admin":true})"), 200)["admin"], true);
  EXPECT_EQ(get(cam_, "stranger").status, 200);
  EXPECT_EQ(code(patch("root", R"({"enabled":false})")), "yourself");
  EXPECT_EQ(ask("stranger", "PATCH", users + "/root", R"({"admin":false})").status, 200);
  EXPECT_EQ(get(users, "admin").status, 403) << "no longer";
  EXPECT_EQ(ask("stranger", "PATCH", users + "/viewer", R"({"enabled":false})").status, 200);
  EXPECT_EQ(get(cam_, "viewer").status, 401);
  EXPECT_EQ(ask("stranger", "DELETE", users + "/owner").status, 204);
  EXPECT_EQ(device("cam01")->owner, "");
  EXPECT_EQ(ask("stranger", "DELETE", users + "/owner").status, 404);
  EXPECT_EQ(ask("stranger", "PATCH", users + "/root", R"({"name":"x"})").status, 400);
}

TEST_F(DeviceRoutes, ATokenForLookingChangesNothing) {
  auto state = state::State::open(store_.state_path(), false);
  state::Token wanted;
  wanted.user = "root";
  wanted.read_only = true;
  wanted.created = floor_ms(clock_.wall());
  tokens_["looking"] = state->add_token(wanted)->secret;
  access_->refresh();
  EXPECT_EQ(get("/api/v1/users", "looking").status, 200);
  EXPECT_EQ(get("/api/v1/invites", "looking").status, 200);
  EXPECT_EQ(get(cam_ + "/key", "looking").status, 403);
  EXPECT_EQ(ask("looking", "POST", devices_, "{}").status, 403);
  EXPECT_EQ(ask("looking", "POST", "/api/v1/invites", "{}").status, 403);
  EXPECT_EQ(ask("looking", "DELETE", "/api/v1/users/viewer").status, 403);
  EXPECT_EQ(ask("looking", "DELETE", cam_ + "?footage=delete").status, 403);
  EXPECT_EQ(ask("looking", "DELETE", cam_ + "/shares/viewer").status, 403);
}

TEST_F(DeviceRoutes, InvitationsAreToldOnce) {
  // Without the page's address a letter has nothing to say.
  EXPECT_EQ(post("/api/v1/invites", R"({"email":"old@example.org"})", 201, "admin")["mailed"], false);
  context_->login.public_url = "https://cbx.example.org";
  const TestJson made = post("/api/v1/invites", R"({"email":"new@example.org"})", 201, "admin");
  const std::string path = made["path"], secret = path.substr(path.find('=') + 1);
  EXPECT_TRUE(path.starts_with("/signup#invite="));
  EXPECT_EQ(made["by"], "root");
  EXPECT_EQ(made["mailed"], true);
  EXPECT_EQ(mail_.letter(1).to.address, "new@example.org");
  EXPECT_NE(mail_.letter(1).text.find("https://cbx.example.org" + path), std::string::npos) << mail_.letter(1).text;
  auto state = state::State::open(store_.state_path(), false);
  const auto found = state->find_invite(secret, floor_ms(clock_.wall()));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->email, "new@example.org");
  const auto list = get("/api/v1/invites", "admin");
  EXPECT_EQ(list.body.find(secret), std::string::npos);
  EXPECT_NE(list.body.find(made["id"].get<std::string>()), std::string::npos);
  for (const char* wrong : {R"({"email":"nobody"})", R"({"until":"2001-01-01"})", R"({"admin":"yes"})"})
    EXPECT_EQ(ask("admin", "POST", "/api/v1/invites", wrong).status, 400) << wrong;
  const std::string one = "/api/v1/invites/" + made["id"].get<std::string>();
  EXPECT_EQ(ask("admin", "DELETE", one).status, 204);
  EXPECT_EQ(ask("admin", "DELETE", one).status, 404);
}

}  // namespace
}  // namespace cbx::web
