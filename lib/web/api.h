// What the handlers of /api/v1 share (private to lib/web).
#pragma once

#include <functional>
#include <memory>

#include "base/records.h"
#include "index/in_progress.h"
#include "web/erasures.h"
#include "web/guesses.h"
#include "web/names.h"
#include "web/openapi.h"
#include "web/query.h"
#include "web/service.h"
#include "web/throttle.h"
#include "web/today.h"
#include "web/usage.h"

namespace cbx::web {

struct Shared {
  explicit Shared(const Context& c) : context(c), names(c.store), today(c.clock) {}
  const Context& context;
  Names names;
  Usage usage;
  Today today;
  index::FolderMemory folders;
  Guesses claims{{}};                                    // of keys of cameras
  Guesses lookups{{20, 60, std::chrono::seconds{600}}};  // of names of users
  std::string description;                               // the OpenAPI document
  const KeyedHash hash;
  Throttle throttle{hash, context.clock};
  std::unique_ptr<Erasures> erasures;  // null for routes that need none
};

// One request whose query has been checked, asked by somebody known.  Its own copy of all: it may be answered by a
// worker, later.
struct Call {
  std::shared_ptr<Shared> shared;
  http::Request request;
  Principal principal;

  const Context& context() const { return shared->context; }
  WallMs now() const { return now_; }
  TimeWords words() const { return {context().store.utc_offset(), now_}; }
  // Of the request, which was found right.
  Query query() const;
  // The device that the path names.
  Result<Opened> open(Permission permission, Needs needs = Needs::index) const;
  // The address of this request with another `cursor`; goes into `next`.
  std::string next(const std::string& cursor) const;

  WallMs now_{};
  const Operation* operation = nullptr;
};

// Errors: usage 400, no_input 404, permission 403, try_again 503; whatever else is ours: logged, and 500.
using ApiHandler = std::function<Result<http::Response>(const Call&)>;

// For routes that have to wait: asked again as http::Wait says.  `call` is the same request, and stays.
using ApiStart = std::function<http::Answer(http::Request& request, const std::shared_ptr<const Call>& call)>;

struct ApiRoute {
  Operation operation;
  ApiHandler run;
  // Whether this call takes longer than a look into the index; null: none does.
  bool (*is_heavy)(const Call&) = nullptr;
  ApiStart start{};  // instead of `run`
};

// What is left of a call, for a worker.
http::Work later(std::shared_ptr<const Call> call, ApiHandler run);

inline bool always(const Call&) {
  return true;
}

// Each is in the file of its name.
std::vector<ApiRoute> device_routes();
std::vector<ApiRoute> device_owner_routes();
std::vector<ApiRoute> device_removal_routes();
std::vector<ApiRoute> share_routes();
std::vector<ApiRoute> user_routes();
std::vector<ApiRoute> invite_routes();
std::vector<ApiRoute> coverage_routes();
std::vector<ApiRoute> segment_routes();
std::vector<ApiRoute> event_routes();
std::vector<ApiRoute> store_routes();
std::vector<ApiRoute> login_routes();
std::vector<ApiRoute> sign_up_routes();
std::vector<ApiRoute> reset_routes();
std::vector<ApiRoute> account_routes();
std::vector<ApiRoute> session_routes();
std::vector<ApiRoute> totp_routes();

// The handler of a route: who asks, whether they ask rightly, and what is answered.
http::Route to_route(std::shared_ptr<Shared> shared, ApiRoute route);

// Whether the device is the asker's: its owner, or an admin; also with a token that is for looking only.
bool owns(const Call& call, const std::string& device);
// To read, for questions about no one device.  An index that is not there, or is damaged, is "try again".
Result<index::Index> open_index(const Call& call);
// An error of the store itself: whatever its code, it is not the asker's (but for `try_again`).
Error ours(Error error);
#define CBX_OURS(lhs, expr) CBX_OURS_IMPL(CBX_CONCAT(cbx_ours_, __LINE__), lhs, expr)
#define CBX_OURS_IMPL(tmp, lhs, expr)                                     \
  auto tmp = (expr);                                                      \
  if (!tmp) return ::cbx::fail(::cbx::web::ours(std::move(tmp).error())); \
  lhs = std::move(*tmp)
#define CBX_OURS_TRY(expr)                                                                        \
  do {                                                                                            \
    auto cbx_try_result = (expr);                                                                 \
    if (!cbx_try_result) return ::cbx::fail(::cbx::web::ours(std::move(cbx_try_result).error())); \
  } while (false)

// A JSON answer that browsers and proxies keep for nobody else, with an ETag.
http::Response reply(const Call& call, const Json& json);
// The body of a request, whose type is JSON: an object with no fields but these.  Error `usage`.
Result<Json> read_body(const http::Request& request, std::span<const std::string_view> fields);
// Of that object; nullopt when it is not there.  Error `usage` when it is something else.
Result<std::optional<std::string>> text_field(const Json& body, const char* name);

// A record as it is in its journal, without `v` and `type`.
Json to_json(const Record& record);
Json span_json(TimeRange span);
// A camera and how it is: schema Device.
Result<Json> device_json(const Call& call, const Opened& opened);
Json segment_json(const SegmentRecord& segment);
Json link_json(const index::LinkMinute& link);
// In percent of `whole`, with two decimals; 100 is said only of what is whole.
double percent(Millis part, Millis whole);

// The text as a QR code, for pages to draw: schema QrCode.  Error `data` when it is too long.
Result<Json> qr_json(std::string_view text);

// The parameters that several routes have.
Parameter from_parameter(const std::string& otherwise);
Parameter to_parameter();
Parameter range_parameter();
Parameter limit_parameter(size_t otherwise, size_t most);
Parameter cursor_parameter();
Parameter dry_run_parameter();

}  // namespace cbx::web
