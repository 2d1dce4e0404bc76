#include "web/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/device_id.h"
#include "base/log.h"
#include "cli/output.h"
#include "web/recordings.h"

namespace cbx::web {
namespace {

std::vector<std::string> names_of(const Operation& op) {
  std::vector<std::string> out;
  for (const Parameter& p : op.query) out.push_back(p.name);
  return out;
}

// FNV-1a: tells one answer from the next, no more.
std::string etag_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

// RFC 3986, 2.3: what needs no escape anywhere.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

http::Response answer(const ApiHandler& run, const Call& call) {
  auto response = run(call);
  if (response) return std::move(*response);
  const ErrorCode code = response.error().code();
  const bool asker = code == ErrorCode::usage || code == ErrorCode::no_input || code == ErrorCode::permission;
  if (!asker)
    call.context().log.warn("cannot answer request '{}' ({}): {}", call.request.id, call.operation->name,
                            response.error().message());
  return http::problem(response.error());
}

// Who may not ask at all, and what is wrong with the request before anybody looks into it.
std::optional<http::Response> refuse(const Operation& op, const Call& call) {
  const Principal& p = call.principal;
  if (op.who == Who::admin && !p.admin) return http::problem(403, "this is for administrators");
  if (op.who == Who::user && (p.kind != Principal::Kind::user || p.only_device))
    return http::problem(403, "this is for people, not for cameras and links");
  if (op.who == Who::session && p.session.empty())
    return http::problem(403, "this is for who has logged in at the page, not for tokens and plain passwords",
                         "session_needed");
  const bool changes = op.method != http::Method::get;
  if (changes && (op.who == Who::user || op.who == Who::admin) && p.read_only)
    return http::problem(403, "the token is for looking only");
  if (op.who == Who::anybody && changes && !Access::from_own_page(call.request))
    return http::problem(403,
                         "this may be sent by this server's own pages only: send Sec-Fetch-Site: same-origin, or "
                         "Origin");
  // Another type is refused, so that no form of a foreign page can send one with the browser's credentials.
  const std::string_view type = call.request.header("content-type").value_or("");
  if (changes && !call.request.body.empty() && type.substr(0, type.find_first_of("; ")) != "application/json")
    return http::problem(415, "the body has to be JSON: send 'Content-Type: application/json'");
  if (op.body.empty() && !call.request.body.empty())
    if (const auto body = read_body(call.request, {}); !body) return http::problem(body.error());
  return std::nullopt;
}

http::Answer begin(const std::shared_ptr<const ApiRoute>& route, const std::shared_ptr<const Call>& call,
                   http::Request& request) {
  if (auto refused = refuse(route->operation, *call)) return std::move(*refused);
  if (const auto query = Query::check(call->request, names_of(route->operation)); !query)
    return http::problem(query.error());
  if (route->start) return route->start(request, call);
  if (!route->is_heavy || !route->is_heavy(*call)) return answer(route->run, *call);
  return later(call, route->run);
}

}  // namespace

http::Work later(std::shared_ptr<const Call> call, ApiHandler run) {
  return {[call = std::move(call), run = std::move(run)] { return answer(run, *call); }};
}

Query Call::query() const {
  return *Query::check(request, names_of(*operation));
}

Result<Opened> Call::open(Permission permission, Needs needs) const {
  const std::string device(request.param("device"));
  if (!is_device_id(device)) return fail(ErrorCode::no_input, "no such camera");
  return context().vault.open(principal, device, permission, needs);
}

std::string Call::next(const std::string& cursor) const {
  std::string out = "?";
  for (const auto& [name, value] : request.query)
    if (name != "cursor") out += escaped(name) + "=" + escaped(value) + "&";
  return out + "cursor=" + escaped(cursor);
}

http::Route to_route(std::shared_ptr<Shared> shared, ApiRoute api) {
  const auto route = std::make_shared<const ApiRoute>(std::move(api));
  http::Route out;
  out.method = route->operation.method;
  out.pattern = route->operation.pattern;
  out.name = route->operation.name;
  // Pages send {} where there is nothing to say.
  out.body_limit = route->operation.body.empty() ? 64 : 16 << 10;
  if (out.method == http::Method::get) out.body_limit = 0;
  out.handler = [shared = std::move(shared), route](http::Request& request) -> http::Answer {
    auto call = std::make_shared<Call>();
    call->shared = shared;
    call->request = request;
    call->now_ = floor_ms(shared->context.clock.wall());
    call->operation = &route->operation;
    if (route->operation.who == Who::anybody) return begin(route, call, request);
    return shared->context.access.with_principal(request, [&](const Principal& principal) {
      call->principal = principal;
      return begin(route, call, request);
    });
  };
  return out;
}

bool owns(const Call& call, const std::string& device) {
  Principal whole = call.principal;
  whole.read_only = false;
  return whole.kind == Principal::Kind::user && call.context().access.may(whole, device, Permission::change);
}

Result<index::Index> open_index(const Call& call) {
  auto index = index::Index::open(call.context().store, index::Access::read);
  if (index) return index;
  if (index.error().code() == ErrorCode::no_input)
    return fail(ErrorCode::try_again, "there is no index of the recordings yet ('cbx-index add' makes it)");
  return fail(index_trouble(index.error(), call.context().log));
}

Error ours(Error error) {
  if (error.code() == ErrorCode::try_again) return error;
  return {ErrorCode::internal, error.message(), error.os_error()};
}

http::Response reply(const Call& call, const Json& json) {
  // Text of records is UTF-8 already; what may not be is shown with replacement characters.
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (call.request.method != http::Method::get && call.request.method != http::Method::head)
    return http::json(call.operation->status, std::move(text)).with("Cache-Control", "no-store");
  http::Representation r;
  r.size = text.size();
  r.etag = etag_of(text);
  r.type = "application/json";
  r.cache_control = "private, no-cache";
  r.body = std::move(text);
  return http::represent(call.request, std::move(r));
}

Result<Json> read_body(const http::Request& request, std::span<const std::string_view> fields) {
  const Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) return fail(ErrorCode::usage, "the body has to be one JSON object");
  for (const auto& [name, value] : body.items())
    if (std::find(fields.begin(), fields.end(), name) == fields.end())
      return fail(ErrorCode::usage, fmt::format("there is no field '{}' here, only '{}'", printable(name.substr(0, 64)),
                                                fmt::join(fields.begin(), fields.end(), "', '")));
  return body;
}

Result<std::optional<std::string>> text_field(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::optional<std::string>{};
  if (!found->is_string()) return fail(ErrorCode::usage, fmt::format("the field '{}' has to be a text", name));
  return std::optional{found->get<std::string>()};
}

Json to_json(const Record& record) {
  Json out = Json::parse(to_line(record));
  out.erase("v");
  out.erase("type");
  return out;
}

Json span_json(TimeRange span) {
  return {{"start", format_rfc3339(span.from)}, {"duration_ms", span.length().count()}};
}

double percent(Millis part, Millis whole) {
  if (part >= whole) return 100;
  const double share = 100.0 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
  return std::min(std::round(share * 100) / 100, 99.99);
}

Result<Json> qr_json(std::string_view text) {
  CBX_ASSIGN(const cli::QrCode code, cli::qr_modules(text));
  return Json{{"size", code.size}, {"rows", code.rows}};
}

Parameter from_parameter(const std::string& otherwise) {
  return {"from", "Where the range begins; without it " + otherwise + ".", R"({"type":"string"})"};
}
Parameter to_parameter() {
  return {"to", "Where it ends, itself not included; a day is meant to its end. Without it now.",
          R"({"type":"string"})"};
}
Parameter range_parameter() {
  return {"range", "Instead of both: `A..B`, `A..` or a day, as cbx-index(1) takes it.",
          R"({"type":"string","examples":["2026-11-20 14:05..14:20"]})"};
}
Parameter limit_parameter(size_t otherwise, size_t most) {
  return {"limit", "How many a page holds at most.",
          fmt::format(R"({{"type":"integer","minimum":1,"maximum":{},"default":{}}})", most, otherwise)};
}
Parameter cursor_parameter() {
  return {"cursor", "Where the page begins, out of the `next` of the page before.", R"({"type":"string"})"};
}
Parameter dry_run_parameter() {
  return {"dry_run", "Only say what would be deleted.", R"({"type":"string","enum":["","0","1","false","true"]})"};
}

}  // namespace cbx::web
