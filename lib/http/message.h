// Requests and what is answered to them (RFC 9110), as handlers see them: no type of the HTTP library.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/broadcast.h"
#include "base/byte_source.h"
#include "base/file.h"
#include "base/file_map.h"
#include "base/time.h"

namespace cbx::http {

enum class Method { get, head, post, put, patch, del, options };
std::string_view method_name(Method method);  // "GET", …

// Lower-case names; a field that came several times is joined by ", " (RFC 9110, 5.3).
using Fields = std::map<std::string, std::string, std::less<>>;

// Everything in it is a stranger's word, already checked for form: `path` is decoded, starts with '/', has no empty,
// "." or ".." segment, no control character, and is UTF-8; query names and values are decoded UTF-8.
struct Request {
  Method method = Method::get;
  std::string path;
  Fields params;  // what the route's {names} stand for
  std::vector<std::pair<std::string, std::string>> query;
  Fields headers;
  std::string body;  // whole; never longer than the route allows
  std::string peer;  // address without port ("192.0.2.1", "2001:db8::1", "unix"); behind a trusted proxy the client's
  bool secure = false;  // TLS here, or at the trusted proxy
  std::string id;       // of this request, for log and problem answers
  bool waited = false;  // a Wait of this request has reached its time
  // Whatever handlers want to keep from one call to the next of the same request (see Wait).
  std::shared_ptr<void> memory;
  // What the access log says beside the usual: who asked.  Set by handlers.
  std::string user;

  std::string_view param(std::string_view name) const;  // "" if there is none
  std::optional<std::string_view> header(std::string_view lower_case_name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;  // the first of that name
};

// A stretch of an open file.  With `map`, of the same file, it is sent from there, otherwise read in large blocks or
// sent by sendfile(2).  A file that has become shorter ends the connection.
struct FileBody {
  std::shared_ptr<const UniqueFd> file;
  uint64_t offset = 0, size = 0;
  std::shared_ptr<const FileMap> map = nullptr;
};

// `text` is shared so that what is cached is not copied.
using Body = std::variant<std::monostate, std::string, std::shared_ptr<const std::string>, FileBody,
                          std::shared_ptr<const ByteSource>>;

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  Body body;
  std::string log;  // for the operator's log only, never sent: why this is a 500, for example

  Response& with(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
};

// Not yet: the handler is called again, with the same request, when `on` announces (it had announced `seen` times when
// the handler looked), and at the latest at `until`, then with request.waited.  No thread waits.  `on` may be null: a
// time alone.  A client that closes its side of the connection meanwhile has left; the handler is not called again.
struct Wait {
  std::shared_ptr<Broadcast> on;
  uint64_t seen = 0;
  Monotonic until{};
};

// What takes long (hashing a password, planning a day's download) is done by a worker, so that it holds up nobody else.
// At most a few at once; when too many wait, or too many of the same Request::user, the answer is 503.  The Request
// that the handler was called with lives, and is left alone, until `run` has returned.
struct Work {
  std::function<Response()> run;
};

using Answer = std::variant<Response, Wait, Work>;
// Called on any of the server's threads, several at once.  It must not block for longer than a look into the index.
using Handler = std::function<Answer(Request&)>;

// An answer whose body is JSON.
Response json(int status, std::string text);
// RFC 9457 problem details: {"type":"about:blank","title":…,"status":…,"detail":…}.  `detail` is for people: what was
// wrong and what to do.
Response problem(int status, std::string_view detail);
// The same with a member "code": a word that programs, and pages that say it in other languages, know it by.
Response problem(int status, std::string_view detail, std::string_view code);
// The same for an Error: no_input 404, usage and data 400, permission 403, try_again 503 with Retry-After, a full disk
// 507 (RFC 4918, 11.5), all else 500; the message of the last two goes to the log, not to the stranger.
Response problem(const Error& error);

// A body with what its caches and resumed downloads need.
struct Representation {
  Body body;
  uint64_t size = 0;
  std::string type;  // Content-Type
  std::string etag;  // strong, without quotes; empty: none
  std::optional<WallMs> modified;
  std::string cache_control;  // "private, no-cache", …
  std::string disposition;    // whole value of Content-Disposition, see attachment(); may be empty
};
// Answers GET or HEAD for it: 200, 206 for one range, 304, 412, 416; If-None-Match, If-Modified-Since, If-Match,
// If-Unmodified-Since, Range and If-Range as RFC 9110, 13 and 14 say.  Several ranges at once are answered by the whole
// (14.2: a server may ignore Range), by 416 where none of them can be had, or where there are more than 16 (15.5.17).
Response represent(const Request& request, Representation representation);
// attachment; filename="ascii"; filename*=UTF-8''… (RFC 6266).
std::string attachment(std::string_view file_name);

}  // namespace cbx::http
