// What a route takes and answers, declared beside its handler: its checks, its description at /api/v1/openapi.json and
// the tests are all made from this (private to lib/web).
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "http/server.h"
#include "web/access.h"

namespace cbx::web {

using Json = nlohmann::ordered_json;

// A parameter of the query.  Those of the path follow from the pattern and are described once for all routes.
struct Parameter {
  std::string name, description;
  std::string schema;  // JSON Schema, as text
};

// Who may ask at all; of a device, `permission` says it.
enum class Who {
  anybody,    // what changes something, from this server's own pages only
  principal,  // who has proved who they are
  user,       // a user, with whatever but a token for one device; to change something, none that is for looking only
  session,    // a user who has logged in at the page
  admin,      // to change something, no token that is for looking only
};

struct Operation {
  http::Method method = http::Method::get;
  std::string pattern;
  std::string name;  // operationId, Route::name
  std::string tag;   // the section it is described in
  std::string summary, description;
  Who who = Who::principal;
  std::optional<Permission> permission{};  // on the path's {device}
  std::vector<Parameter> query{};
  std::string body{};  // the schema's name; empty: no body is taken
  int status = 200;
  std::string schema{};                   // of the answer: its name; empty: the answer is no JSON
  std::string type = "application/json";  // of the answer
};

std::string_view permission_name(Permission permission);

// The schemas by name, as `components/schemas` has them.
const Json& schemas();
// A part of them: openapi_accounts.cpp.
const char* account_schemas();
// The OpenAPI 3.1.0 document of these operations.
Json describe(const std::vector<Operation>& operations, const std::string& version);

// What the routes of /media and of health are, for the description: their handlers take no part in it.
std::vector<Operation> media_operations();
std::vector<Operation> health_operations();
std::vector<Operation> api_operations();

}  // namespace cbx::web
