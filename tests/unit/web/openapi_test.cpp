// The served description against the routes, and against what they really answer.
#include <set>

#include "api_fixture.h"
#include "schema_check.h"

namespace cbx::web {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(tolower(c));
  return out;
}

class OpenApi : public ApiTest {
 protected:
  void SetUp() override {
    login_.sign_up = SignUp::open;
    ApiTest::SetUp();
    document_ = json("/api/v1/openapi.json", "nobody");
  }
  // The schema that an operation's answer has, "" if none.
  std::string answer_schema(const std::string& name) const {
    for (const auto& [path, operations] : document_["paths"].items())
      for (const auto& [method, operation] : operations.items())
        if (operation["operationId"] == name)
          for (const auto& [status, answer] : operation["responses"].items())
            if (status[0] == '2') {
              const TestJson schema = answer.at("content").at("application/json").at("schema");
              const std::string ref = schema.at("$ref");
              return ref.substr(ref.rfind('/') + 1);
            }
    return "";
  }
  // Everything that somebody new goes through, as (operation, answer).
  std::vector<std::pair<std::string, http::Reply>> a_new_users_way();
  TestJson document_;
};

std::vector<std::pair<std::string, http::Reply>> OpenApi::a_new_users_way() {
  std::vector<std::pair<std::string, http::Reply>> all;
  const std::string here = "X-Forwarded-Proto: https\r\nX-Requested-With: cbx\r\n";
  std::string cookie;
  const auto step = [&](const char* operation, const char* method, const std::string& path, const TestJson& body) {
    const std::string shown = cookie.empty() ? "" : "Cookie: " + cookie + "\r\n";
    all.emplace_back(operation,
                     ask("nobody", method, "/api/v1" + path, body.is_null() ? "" : body.dump(), here + shown));
    const http::Reply& reply = all.back().second;
    if (const std::string set = reply.header("set-cookie"); !set.empty()) cookie = set.substr(0, set.find(';'));
    return TestJson::parse(reply.body, nullptr, false);
  };
  const auto proof = [&](const TestJson& challenge, size_t letter) {
    return TestJson{{"challenge", challenge.value("challenge", "")}, {"code", mail_.code(letter)}};
  };
  step("getWelcome", "GET", "/welcome", {});
  TestJson begun =
      step("signUp", "POST", "/signup",
           {{"name", "kim"}, {"email", "kim@example.org"}, {"password", "long enough"}, {"language", "ko"}});
  mail_.letter(1);
  step("resendCode", "POST", "/challenge/resend", {{"challenge", begun.value("challenge", "")}});
  step("confirmSignUp", "POST", "/signup/confirm", proof(begun, 2));
  step("getWelcome", "GET", "/welcome", {});
  step("getAccount", "GET", "/account", {});
  step("changeAccount", "PATCH", "/account", {{"language", "en"}});
  step("listSessions", "GET", "/account/sessions", {});
  begun = step("login", "POST", "/login", {{"name", "kim"}, {"password", "long enough"}});
  step("confirmLogin", "POST", "/login/code", proof(begun, 3));
  begun = step("resetPassword", "POST", "/reset", {{"email", "kim@example.org"}});
  step("confirmReset", "POST", "/reset/code", proof(begun, 4));
  begun = step("changeEmail", "POST", "/account/email", {{"email", "new@example.org"}, {"password", "long enough"}});
  step("confirmEmail", "POST", "/account/email/confirm", proof(begun, 5));
  const TestJson totp = step("beginTotp", "POST", "/account/totp", {{"password", "long enough"}});
  const auto code = state::totp_code(totp.value("secret", ""), floor_ms(clock_.wall()));
  step("confirmTotp", "POST", "/account/totp/confirm", {{"code", code.value_or("")}});
  return all;
}

TEST_F(OpenApi, DescribesEveryRouteAndNothingElse) {
  std::set<std::string> registered, described, names;
  for (const auto& route : routes_)
    registered.insert(lower(http::method_name(route.method)) + " " + route.pattern + " " + route.name);
  for (const auto& [path, operations] : document_["paths"].items())
    for (const auto& [method, operation] : operations.items()) {
      described.insert(method + " " + path + " " + operation["operationId"].get<std::string>());
      EXPECT_TRUE(names.insert(operation["operationId"]).second) << operation["operationId"];
    }
  for (const auto& route : registered) EXPECT_TRUE(described.contains(route)) << "not described: " << route;
  for (const auto& route : described) EXPECT_TRUE(registered.contains(route)) << "no such route: " << route;
}

TEST_F(OpenApi, RefersToWhatIsThereAndDescribesEveryName) {
  const auto& schemas = document_["components"]["schemas"];
  const std::function<void(const TestJson&)> walk = [&](const TestJson& part) {
    if (part.is_object() && part.contains("$ref")) {
      const std::string ref = part["$ref"];
      EXPECT_TRUE(ref.starts_with("#/components/schemas/") && schemas.contains(ref.substr(21))) << ref;
    }
    if (part.is_structured())
      for (const auto& sub : part) walk(sub);
  };
  walk(document_);
  for (const auto& [path, operations] : document_["paths"].items())
    for (const auto& [method, operation] : operations.items()) {
      EXPECT_FALSE(operation.value("summary", "").empty()) << path;
      for (const auto& p : operation.value("parameters", TestJson::array())) {
        EXPECT_FALSE(p.value("description", "").empty()) << path;
        if (p["in"] == "path") {
          EXPECT_NE(path.find("{" + p["name"].get<std::string>() + "}"), std::string::npos) << path;
        }
      }
    }
}

// By a validator of JSON Schema that shares no code with the checks below.
TEST_F(OpenApi, StandsBeforeAValidator) {
  if (std::system("python3 -c 'import jsonschema' 2>/dev/null") != 0) GTEST_SKIP() << "no python3-jsonschema here";
  std::string command = "python3 '" CBX_TEST_DATA "/../tools/check_openapi.py'";
  const auto file = [&](const std::string& name, const std::string& text) {
    const std::string path = dir_.path() + "/" + name + ".json";
    std::ofstream(path) << text;
    command += " '" + path + "'";
  };
  file("description", document_.dump());
  for (const auto& [name, path] : {std::pair{"listDevices", "/api/v1/devices"},
                                   {"listSegments", "/api/v1/devices/cam01/segments"},
                                   {"getSegment", "/api/v1/devices/cam01/segments/"},
                                   {"listGaps", "/api/v1/devices/cam01/gaps?range=2026-11-20"},
                                   {"explainMinute", "/api/v1/devices/cam01/minutes/2026-11-20T08:00:00Z"},
                                   {"getStore", "/api/v1/store"}}) {
    command += std::string(" ") + name;
    const std::string whole = std::string(path).ends_with('/') ? path + id(starts_[0]) : path;
    file(name, get(whole, "admin").body);
  }
  EXPECT_EQ(std::system(command.c_str()), 0);
}

// What is asked of each operation that answers JSON.
struct Question {
  const char *operation, *method, *path;
  const char* body = "";
};

TEST_F(OpenApi, RealAnswersAreAsDescribed) {
  const std::string file = id(starts_[0]);
  const std::vector<Question> questions = {
      {"addPin", "POST", "/pins",
       R"({"from":"2026-11-20T08:03:00Z","to":"2026-11-20T08:04:00Z","reason":"court","until":"2026-12-24"})"},
      {"addPin", "POST", "/pins", R"({"from":"2026-11-18","to":"2026-11-19","reason":"court"})"},
      {"removePins", "DELETE", "/pins?range=2026-11-18"},
      {"listPins", "GET", "/pins"},
      {"addEvent", "POST", "/events", R"({"kind":"sos","note":"help","value":1.5,"time":"2026-11-20T08:00:03Z"})"},
      {"addEvent", "POST", "/events", "{}"},
      {"listEvents", "GET", "/events?limit=1"},
      {"listEvents", "GET", "/events?kind=shock"},
      {"getDevice", "GET", ""},
      {"listDevices", "GET", "/api/v1/devices?limit=1"},
      {"listDevices", "GET", "/api/v1/devices?tag=taxi"},
      {"getCoverage", "GET", "/coverage?range=2026-11-20&limit=1"},
      {"listGaps", "GET", "/gaps?range=2026-11-20&limit=1"},
      {"listGaps", "GET", "/gaps?range=2026-11-20"},
      {"listDays", "GET", "/days"},
      {"explainMinute", "GET", "/minutes/2026-11-20T08:00:30Z"},
      {"explainMinute", "GET", "/minutes/2026-11-20T08:30:30Z"},
      {"listSegments", "GET", "/segments?limit=2"},
      {"getSegment", "GET", "/segments/$"},
      {"deleteDay", "DELETE", "/days/2026-11-20?dry_run=1"},
      {"deleteSegment", "DELETE", "/segments/$"},
      {"addDevice", "POST", "/api/v1/devices", R"({"nickname":"Bus 7"})"},
      {"claimDevice", "POST", "/api/v1/devices/claim", R"({"device":"cam02","key":"key-of-cam02"})"},
      {"getDeviceKey", "GET", "/key"},
      {"renewDeviceKey", "POST", "/key"},
      {"changeDevice", "PATCH", "", R"({"nickname":"the taxi","tags":["a","b"],"enabled":true})"},
      {"addLink", "POST", "/links", R"({"until":"2099-01-01","name":"police"})"},
      {"listShares", "GET", "/shares"},
      {"listUsers", "GET", "/api/v1/users"},
      {"changeUser", "PATCH", "/api/v1/users/viewer", R"({"enabled":true,"admin":true})"},
      {"addInvite", "POST", "/api/v1/invites", R"({"email":"new@example.org","admin":true})"},
      {"listInvites", "GET", "/api/v1/invites"},
      {"getMe", "GET", "/api/v1/me"},
      {"getStore", "GET", "/api/v1/store"},
      {"getHealth", "GET", "/healthz"},
      {"getReadiness", "GET", "/readyz"},
      {"getDescription", "GET", "/api/v1/openapi.json"},
      {"removeDevice", "DELETE", "/api/v1/devices/bus-7?footage=keep"},
  };
  // So that the lists of shares have all that they may have.
  const std::string until = R"({"until":"2099-01-01"})";
  ASSERT_EQ(ask("owner", "PUT", cam_ + "/shares/stranger", until).status, 204);
  TestJson schemas = document_["components"]["schemas"];
  schemas["Description"]["properties"] = TestJson::object();
  for (const auto& [key, value] : document_.items()) schemas["Description"]["properties"][key] = TestJson::object();
  SchemaCheck check(schemas);
  std::set<std::string> asked;
  for (const Question& q : questions) {
    asked.insert(q.operation);
    std::string path = q.path;
    if (const size_t at = path.find('$'); at != std::string::npos) path.replace(at, 1, file);
    if (path.empty() || (!path.starts_with("/api/") && !path.ends_with("z"))) path = cam_ + path;
    const auto reply = ask("admin", q.method, path, q.body);
    ASSERT_TRUE(reply.status == 200 || reply.status == 201) << path << "\n" << reply.body;
    EXPECT_EQ(reply.header("content-type").substr(0, 16), "application/json");
    for (const auto& fault : check(answer_schema(q.operation), TestJson::parse(reply.body)))
      ADD_FAILURE() << q.method << " " << path << ": " << fault << "\n" << reply.body;
  }
  for (const auto& [operation, reply] : a_new_users_way()) {
    asked.insert(operation);
    ASSERT_TRUE(reply.status == 200 || reply.status == 202) << operation << "\n" << reply.body;
    for (const auto& fault : check(answer_schema(operation), TestJson::parse(reply.body)))
      ADD_FAILURE() << operation << ": " << fault << "\n" << reply.body;
  }
  const auto wrong =
      ask("nobody", "POST", "/api/v1/signup", R"({"name":"K","email":"k@example.org","password":"long enough"})",
          "X-Forwarded-Proto: https\r\n");
  for (const auto& fault : check("Problem", TestJson::parse(wrong.body))) ADD_FAILURE() << fault << "\n" << wrong.body;
  for (const char* who : {"owner", "device", "link"})
    for (const auto& fault : check("Me", json("/api/v1/me", who))) ADD_FAILURE() << fault;
  for (const auto& [path, operations] : document_["paths"].items())
    for (const auto& [method, operation] : operations.items())
      for (const auto& [status, answer] : operation["responses"].items())
        if (status[0] == '2' && answer.contains("content") && answer["content"].contains("application/json")) {
          EXPECT_TRUE(asked.contains(operation["operationId"])) << "nobody asks " << operation["operationId"];
        }
  for (const auto& reply : {get(cam_ + "/segments?form=now"), ask("owner", "PUT", cam_ + "/shares/nobody", "{}")}) {
    const auto refused = TestJson::parse(reply.body);
    for (const auto& fault : check("Problem", refused)) ADD_FAILURE() << fault << "\n" << refused;
  }
  // What no answer had may as well not be described.
  const std::set<std::string> rare = {"Device.recording_since",   "Segment.rotation",   "LastSegment.rotation",
                                      "Problem.instance",         "Problem.request",    "Problem.tries_left",
                                      "Forecast.days_until_full", "ShareLink.last_used"};
  for (const auto& [name, schema] : schemas.items()) {
    // What is sent.
    if (name.starts_with("New") || name.ends_with("Change") || name == "Claim") continue;
    const TestJson properties = schema.value("properties", TestJson::object());
    for (const auto& [property, ignored] : properties.items())
      if (const std::string full = name + "." + property; !rare.contains(full)) {
        EXPECT_TRUE(check.seen().contains(full)) << "no answer has " << full;
      }
  }
}

}  // namespace
}  // namespace cbx::web
