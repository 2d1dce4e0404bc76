// The routes of the page: its addresses, and its assets.
#include <array>

#include "base/device_id.h"
#include "base/time.h"
#include "web/assets.h"
#include "web/gzip.h"

namespace cbx::web {
namespace {

// media-chrome writes style elements into its shadow trees; scripts come from files alone.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";
constexpr const char* kMissingPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr const char* kPermissions =
    "autoplay=(self), fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), clipboard-write=(self), "
    "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), serial=(), usb=()";
constexpr const char* kImmutable = "public, max-age=31536000, immutable";
constexpr const char* kAskAgain = "no-cache";

constexpr const char* kMissingPage =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Not here – cbx</title>\n"
    "<style>:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }\n"
    "body { max-width: 32rem; margin: 20vh auto; padding: 0 1rem }</style>\n"
    "<h1>There is nothing at this address</h1>\n<p><a href=\"/\">To the cameras</a></p>\n"
    "<p lang=\"ko\">이 주소에는 아무것도 없어요. <a href=\"/\">카메라 목록으로</a></p>\n</html>\n";

struct Page {
  const char *pattern, *name;
};
constexpr std::array kPages{
    Page{"/", "pageHome"},
    Page{"/login", "pageLogin"},
    Page{"/signup", "pageSignup"},
    Page{"/reset", "pageReset"},
    Page{"/account", "pageAccount"},
    Page{"/add", "pageAdd"},
    Page{"/d/{device}", "pageCalendar"},
    Page{"/d/{device}/settings", "pageSettings"},
    Page{"/d/{device}/live", "pageLive"},
    Page{"/d/{device}/{day}", "pageDay"},
    Page{"/together", "pageTogether"},
    Page{"/admin", "pageAdmin"},
    Page{"/admin/users", "pageAdminUsers"},
    Page{"/admin/store", "pageAdminStore"},
};

http::Response send(const http::Request& request, const Asset& asset, const char* cache_control) {
  const auto accepted = request.header("accept-encoding");
  const bool zipped = asset.zipped && accepted && accepts_gzip(*accepted);
  http::Representation r;
  r.size = zipped ? asset.zipped->size() : asset.text->size();
  r.body = zipped ? asset.zipped : asset.text;
  r.type = asset.type;
  r.etag = zipped ? asset.etag + "-gzip" : asset.etag;
  r.cache_control = cache_control;
  http::Response response = http::represent(request, std::move(r));
  if (asset.zipped) response.with("Vary", "Accept-Encoding");
  if (zipped && (response.status == 200 || response.status == 206)) response.with("Content-Encoding", "gzip");
  return response;
}

http::Response& protect(http::Response& response, const char* policy) {
  return response.with("Content-Security-Policy", policy)
      .with("Permissions-Policy", kPermissions)
      .with("Cross-Origin-Opener-Policy", "same-origin")
      .with("X-Frame-Options", "DENY");
}

http::Response nothing_here(const http::Request& request) {
  if (auto page = missing_page(request)) return *std::move(page);
  return http::problem(404, "there is nothing at this address");
}

// "2026-11-20"; days that no month has are the page's to tell.
bool is_day(std::string_view text) {
  return text.size() == 10 && parse_rfc3339(std::string(text) + "T00:00:00Z").has_value();
}

// Names that no device and no day can have are of no page.
bool is_page(const http::Request& request) {
  const auto device = request.params.find("device"), day = request.params.find("day");
  return (device == request.params.end() || is_device_id(device->second)) &&
         (day == request.params.end() || is_day(day->second));
}

http::Response send_page(const Assets& assets, const http::Request& request) {
  if (!is_page(request)) return nothing_here(request);
  http::Response response = send(request, assets.current()->page, kAskAgain);
  return protect(response, kPolicy);
}

// Under another version than the present one: for a page that was loaded before an update, and for one that is loaded
// while a proxy's other server has been updated already.
http::Response send_asset(const Assets& assets, const http::Request& request) {
  const auto set = assets.current();
  const auto found = set->files.find(request.param("path"));
  if (found == set->files.end()) {
    if (request.param("path").starts_with("vendor/") && !set->missing.empty())
      return http::problem(404, "the page's player is not installed on this server (share/web/install.sh)");
    return nothing_here(request);
  }
  const bool present = request.param("version") == set->version;
  return send(request, found->second, present ? kImmutable : kAskAgain)
      .with("Cross-Origin-Resource-Policy", "same-origin");
}

}  // namespace

std::optional<http::Response> missing_page(const http::Request& request) {
  const auto accepted = request.header("accept");
  if (!accepted || accepted->find("text/html") == std::string_view::npos) return std::nullopt;
  for (const std::string_view root : {"/api/", "/media/"})
    if (request.path.starts_with(root)) return std::nullopt;
  http::Response response{
      404, {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}}, kMissingPage, {}};
  protect(response, kMissingPolicy);
  return response;
}

void add_page_routes(const Assets& assets, std::vector<http::Route>& routes) {
  for (const Page& page : kPages) {
    http::Route route;
    route.pattern = page.pattern;
    route.name = page.name;
    route.handler = [&assets](http::Request& request) -> http::Answer { return send_page(assets, request); };
    routes.push_back(std::move(route));
  }
  http::Route route;
  route.pattern = "/assets/{version}/{path...}";
  route.name = "getAsset";
  route.handler = [&assets](http::Request& request) -> http::Answer { return send_asset(assets, request); };
  routes.push_back(std::move(route));
}

}  // namespace cbx::web
