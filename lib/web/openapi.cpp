#include "web/openapi.h"

#include <fmt/format.h>

#include <map>

#include "web/credentials.h"

namespace cbx::web {
namespace {

constexpr const char* kIntroduction =
    "Recordings of cameras: what there is, what is missing and why, and what may be done with it.\n\n"
    "Times are RFC 3339 in UTC with milliseconds; sizes are bytes; names are those of cbx-records(5). Where a time is "
    "asked for, `2026-11-20`, `today`, `now` and `-2h` are understood as well, days in the store's offset from UTC. "
    "Parameters that are not described are refused. Lists come in pages: `next` is the address of the page behind, and "
    "is left out on the last one. Errors are problem details (RFC 9457) whose `detail` says what to do.\n\n"
    "What somebody may not see is not there: the answer is 404, as for a camera that never was.";

// What {names} in patterns stand for.
struct PathParameter {
  const char* description;
  const char* schema;
};
const std::map<std::string, PathParameter>& path_parameters() {
  static const std::map<std::string, PathParameter> kAll = {
      {"device", {"The camera's id.", R"({"type":"string","pattern":"^[a-z0-9][a-z0-9_-]{0,63}$"})"}},
      {"id",
       {"The segment's id: its start in milliseconds since 1970.",
        R"({"type":"string","pattern":"^(0|[1-9][0-9]*)$"})"}},
      {"user", {"A login name.", R"({"type":"string","pattern":"^[a-z0-9][a-z0-9._-]{0,63}$"})"}},
      {"invite", {"The invitation's id, as their list has it.", R"({"type":"string"})"}},
      {"link", {"The link's id, as the list of shares has it.", R"({"type":"string"})"}},
      {"session", {"The session's id.", R"({"type":"string","pattern":"^[0-9a-f]{12}$"})"}},
      {"day", {"A day in the store's offset from UTC.", R"({"type":"string","format":"date"})"}},
      {"picture",
       {"`latest.jpg`, or a time in RFC 3339 with `.jpg` behind it.",
        R"({"type":"string","pattern":"[.]jpg$","examples":["latest.jpg","2026-11-20T08:14:05Z.jpg"]})"}},
      {"time", {"Any time in that minute.", R"({"type":"string","examples":["2026-11-20T08:14:00Z"]})"}},
  };
  return kAll;
}

Json reference(const std::string& schema) {
  return {{"$ref", "#/components/schemas/" + schema}};
}

Json parameters(const Operation& op) {
  Json out = Json::array();
  for (size_t at = 0; (at = op.pattern.find('{', at)) != std::string::npos;) {
    const size_t end = op.pattern.find('}', at);
    const std::string name = op.pattern.substr(at + 1, end - at - 1);
    at = end;
    const auto known = path_parameters().find(name);
    const bool described = known != path_parameters().end();
    out.push_back({{"name", name},
                   {"in", "path"},
                   {"required", true},
                   {"description", described ? known->second.description : "As the playlists name it."},
                   {"schema", described ? Json::parse(known->second.schema) : Json{{"type", "string"}}}});
  }
  for (const Parameter& p : op.query)
    out.push_back(
        {{"name", p.name}, {"in", "query"}, {"description", p.description}, {"schema", Json::parse(p.schema)}});
  return out;
}

std::string description(const Operation& op) {
  std::string text = op.description;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : "\n\n") + more; };
  if (op.permission)
    add(fmt::format("Needs the permission to `{}` the camera{}.", permission_name(*op.permission),
                    *op.permission == Permission::view     ? " (its owner, its viewers, administrators)"
                    : *op.permission == Permission::change ? " (its owner, administrators; no read-only token)"
                                                           : " (itself, its owner, administrators)"));
  if (op.who == Who::user)
    add("For users, whatever they show but a token for one camera alone; to change something, none for looking only.");
  if (op.who == Who::admin) add("For administrators.");
  if (op.who == Who::session) add("For users who have logged in at the page: not with tokens, not with Basic.");
  return text;
}

Json problem_reply(const char* what) {
  return {{"description", what}, {"content", {{"application/problem+json", {{"schema", reference("Problem")}}}}}};
}

Json responses(const Operation& op) {
  Json good{{"description", op.status == 201 || op.status == 204 ? "Done." : "As asked for."}};
  if (!op.type.empty()) {
    Json media = Json::object();
    if (!op.schema.empty()) media["schema"] = reference(op.schema);
    good["content"][op.type] = std::move(media);
  }
  Json out;
  out[std::to_string(op.status)] = std::move(good);
  if (op.who != Who::anybody) out["401"] = problem_reply("Nobody has said who is asking, or it is not so.");
  if (op.who == Who::admin || op.who == Who::user || op.who == Who::session ||
      (op.permission && *op.permission != Permission::view))
    out["403"] = problem_reply("Whoever asks may not do this.");
  if (op.permission) out["404"] = problem_reply("There is no such thing, or it is not for whoever asks.");
  out["4XX"] = problem_reply("The request is wrong; `detail` says what to do.");
  out["5XX"] = problem_reply("The server can't answer (503: not now; Retry-After says when. 507: its disk is full).");
  return out;
}

Json operation(const Operation& op) {
  Json o{{"operationId", op.name}, {"tags", Json::array({op.tag})}, {"summary", op.summary}};
  if (auto text = description(op); !text.empty()) o["description"] = std::move(text);
  if (op.who == Who::anybody) o["security"] = Json::array();
  if (Json p = parameters(op); !p.empty()) o["parameters"] = std::move(p);
  if (!op.body.empty())
    o["requestBody"] = {{"required", true}, {"content", {{"application/json", {{"schema", reference(op.body)}}}}}};
  o["responses"] = responses(op);
  return o;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

}  // namespace

std::string_view permission_name(Permission permission) {
  return permission == Permission::view ? "view" : permission == Permission::change ? "change" : "report";
}

Json describe(const std::vector<Operation>& operations, const std::string& version) {
  Json document{{"openapi", "3.1.0"},
                {"info", {{"title", "cbx"}, {"version", version}, {"description", kIntroduction}}},
                {"servers", Json::array({{{"url", "/"}}})},
                {"security",
                 Json::array({{{"bearer", Json::array()}}, {{"basic", Json::array()}}, {{"session", Json::array()}}})}};
  document["tags"] = Json::array();
  document["paths"] = Json::object();
  for (const Operation& op : operations) {
    const Json tag{{"name", op.tag}};
    if (std::find(document["tags"].begin(), document["tags"].end(), tag) == document["tags"].end())
      document["tags"].push_back(tag);
    document["paths"][op.pattern][lower(http::method_name(op.method))] = operation(op);
  }
  document["components"] = {
      {"schemas", schemas()},
      {"securitySchemes",
       {{"bearer",
         {{"type", "http"}, {"scheme", "bearer"}, {"description", "A token made by `cbx-account user token`."}}},
        {"basic", {{"type", "http"}, {"scheme", "basic"}, {"description", "Login name and password."}}},
        {"session",
         {{"type", "apiKey"},
          {"in", "cookie"},
          {"name", kSessionCookie},
          {"description",
           "Given by logging in at the page. What changes something has to carry "
           "`Sec-Fetch-Site: same-origin`, or an `Origin` that is the server's own."}}}}}};
  return document;
}

}  // namespace cbx::web
