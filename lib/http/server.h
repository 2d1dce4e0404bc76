// The HTTP server: routes, limits, deadlines, TLS and the access log around libmicrohttpd (epoll, a thread pool,
// sendfile).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "http/message.h"

namespace cbx::http {

// One thing that can be asked for.  `pattern` is made of literal segments and {names} for one segment each; the last
// may be {name...}, for one or more.  Literal segments win over names, names for one segment over those for more.  GET
// routes answer HEAD as well.
struct Route {
  Method method = Method::get;
  std::string pattern;  // "/api/v1/devices/{device}"
  std::string name;     // operation id: metrics, the OpenAPI description and tests know it by this
  Handler handler;
  size_t body_limit = 0;  // bytes; a longer body is 413 before it is read
};

struct ListenAddress {
  std::string host;       // address, "" for all of IPv4 and IPv6
  uint16_t port = 0;      // 0: any free one
  std::string unix_path;  // instead: a Unix socket
};
// "8080", "127.0.0.1:8080", "[::1]:8080", "unix:/run/cbx/serve.sock".  Error `usage`.
Result<ListenAddress> parse_listen(std::string_view text);

// Whether Access-Control-Allow-Origin may say so: "*", "null", or an origin as browsers write it (RFC 6454, 6.2):
// "https://example.org", "http://[::1]:8080"; in lower case, without path, without the scheme's own port.
bool is_origin(std::string_view text);

struct ServerOptions {
  std::vector<ListenAddress> listen;
  unsigned unix_mode = 0660;
  std::string certificate, key;  // PEM files; both or none
  unsigned threads = 0;          // 0: twice the cores, at least 4
  unsigned workers = 2;          // for Work
  unsigned connections = 4000;   // in all
  unsigned per_address = 128;    // connections of one address (not of Unix sockets or trusted proxies)
  std::chrono::seconds header_deadline{
      10};  // from the first byte of a request (or the connection's accept) to its head's end
  std::chrono::seconds body_deadline{60};    // for a body, from the head's end
  std::chrono::seconds idle{60};             // between requests, and without any byte of progress inside an answer
  std::vector<std::string> trusted_proxies;  // addresses and networks (10.0.0.0/8, ::1, "unix") whose X-Forwarded-For
                                             // and X-Forwarded-Proto are believed
  std::string access_log;                    // file to append JSON lines to, "-" for standard output, empty: none
  std::string allow_origin;                  // Access-Control-Allow-Origin, see is_origin(); empty: none
};

// What /metrics tells of the server.
struct RouteCount {
  std::string route;  // Route::name; "" where no route matched
  int status = 0;
  uint64_t requests = 0, bytes = 0;
};
struct ServerStats {
  std::vector<RouteCount> routes;
  uint64_t connections = 0, accepted = 0, refused = 0;  // open now; ever; over a limit
  uint64_t late = 0;                                    // closed because a deadline had passed
  uint64_t waiting = 0, working = 0;                    // requests in a Wait, in a Work
  // Upper bound in seconds, requests up to it (cumulative); those above the last bound are in none.
  std::vector<std::pair<double, uint64_t>> duration_buckets;
  double duration_sum = 0;
};

// Thread-safe after start().
class Server {
 public:
  // Any may be left empty.
  struct Hooks {
    // Called first, may change the path (and remember things in headers) before the route is found.
    std::function<void(Request&)> rewrite;
    // For the log: takes secrets out of what was asked for.
    std::function<std::string(std::string_view target)> redact;
    // Answers a request whose path no route has; nullopt: with a problem, as without it.
    std::function<std::optional<Response>(const Request&)> missing{};
  };

  // Starts listening and serving.  Errors: usage, unavailable (address in use), permission, config (certificate).
  static Result<Server> start(ServerOptions options, std::vector<Route> routes, Hooks hooks, const Logger& log);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();

  // Where it listens, with the ports that were found: "http://127.0.0.1:8080", "https://[::]:8443",
  // "unix:/run/cbx/serve.sock".
  std::vector<std::string> addresses() const;
  ServerStats stats() const;
  // Opens the access log anew and reads certificate and key again (SIGHUP); on error the old ones stay.  Connections go
  // on; a new certificate is shown to new ones.
  Status reload();
  // Accepts no more, lets what is being answered end for up to `grace`, then ends it.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::http
