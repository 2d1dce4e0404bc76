#include "http/exchange.h"

#include <algorithm>
#include <exception>

#include "http/request_id.h"
#include "http/tcp_info.h"

namespace cbx::http {
namespace {

// A body that its route doesn't take is read to its end, and answered, if it goes no further than this; otherwise the
// connection ends.
constexpr uint64_t kTolerated = 256 * 1024;
// Of an address, in the access log.
constexpr size_t kLongestLogged = 1024;

}  // namespace

Exchange::Exchange(Core& core, Connection& connection, MHD_Connection* mhd, const char* target)
    : core_(core),
      connection_(connection),
      mhd_(mhd),
      target_(target),
      started_(std::chrono::steady_clock::now()),
      route_(core.router.routes().size()) {
  core_.active++;
}

Exchange::~Exchange() {
  core_.active--;
}

MHD_Result Exchange::handle(const char* method, const char* version, const char* data, size_t* size) {
  if (!head_taken_) {
    head_taken_ = true;
    take_head(method, version);
    const bool has_body = chunked_ || content_length_.value_or(0) > 0;
    connection_.enter(has_body ? Phase::body : Phase::answering);
    // An answer now, before the body has been read, makes the library close the connection after it.
    early_ = has_body && refusal_;
    return early_ ? send(*std::move(refusal_)) : MHD_YES;
  }
  if (*size > 0) {
    take_body(data, *size);
    *size = 0;
    return body_received_ > request_.body.size() + kTolerated ? MHD_NO : MHD_YES;
  }
  return answer();
}

void Exchange::take_body(const char* data, size_t size) {
  body_received_ += size;
  if (refusal_) return;
  const size_t limit = core_.router.routes()[route_].body_limit;
  if (body_received_ <= limit) {
    request_.body.append(data, size);
    return;
  }
  refusal_ = problem(413, fmt::format("at most {} bytes are taken here", limit));
}

MHD_Result Exchange::answer() {
  connection_.enter(Phase::answering);
  if (wait_) {
    core_.keeper.unpark(*this, wait_->until);
    subscription_ = {};
    request_.waited = woken_by_ == Wake::time;
    wait_.reset();
    if (woken_by_ == Wake::gone) return MHD_NO;
  }
  if (core_.ending) return MHD_NO;
  if (refusal_) return send(*std::move(refusal_));
  if (work_result_) return send(*std::move(work_result_));

  while (true) {
    Answer answer = ask_handler();
    if (auto* response = std::get_if<Response>(&answer)) return send(std::move(*response));
    if (auto* work = std::get_if<Work>(&answer)) return submit(std::move(*work));
    auto& wait = std::get<Wait>(answer);
    const bool in_time = std::chrono::steady_clock::now() < wait.until && !core_.stopping;
    const bool unchanged = !wait.on || wait.on->count() == wait.seen;
    if (in_time && unchanged) return park(std::move(wait));
    if (!in_time && request_.waited) {
      core_.log.error("request {}: its handler waits for what is over", request_.id);
      return send(problem(500, ""));
    }
    request_.waited = !in_time;
  }
}

Answer Exchange::ask_handler() {
  try {
    return core_.router.routes()[route_].handler(request_);
  } catch (const std::exception& e) {
    return problem(Error(ErrorCode::internal, e.what()));
  } catch (...) {
    return problem(Error(ErrorCode::internal, "an unknown exception"));
  }
}

void Exchange::suspend() {
  parked_.store(true);
  // From here on wake() may come at any time, but this exchange isn't called again before the present call returns.
  MHD_suspend_connection(mhd_);
}

MHD_Result Exchange::park(Wait wait) {
  wait_ = std::move(wait);
  suspend();
  core_.keeper.park(*this, wait_->until);
  if (wait_->on) {
    subscription_ = wait_->on->subscribe([this] { wake(Wake::changed); });
    if (wait_->on->count() != wait_->seen) wake(Wake::changed);
  }
  return MHD_YES;
}

MHD_Result Exchange::submit(Work work) {
  suspend();
  const std::string& who = request_.user.empty() ? request_.peer : request_.user;
  const bool taken = core_.work.submit(who, [this, work = std::move(work)](bool run) {
    try {
      work_result_ = run ? work.run() : problem(503, "the server is about to stop");
    } catch (const std::exception& e) {
      work_result_ = problem(Error(ErrorCode::internal, e.what()));
    } catch (...) {
      work_result_ = problem(Error(ErrorCode::internal, "an unknown exception"));
    }
    wake(Wake::changed);
  });
  if (!taken) {
    work_result_ = problem(503, "too much to do; try again").with("Retry-After", "2");
    wake(Wake::changed);
  }
  return MHD_YES;
}

void Exchange::wake(Wake why) noexcept {
  if (!parked_.exchange(false)) return;
  woken_by_ = why;
  MHD_resume_connection(mhd_);
}

MHD_Result Exchange::send(Response response) {
  if (!response.log.empty()) core_.log.error("request {}: {}", request_.id, printable(response.log));
  if (response.status == 204) response.body = {};
  // The Content-Length of a 304 is that of the 200 (RFC 9110, 8.6): caches keep it.
  const bool head_only = request_.method == Method::head || response.status == 304;
  body_size_ = head_only ? 0 : body_size(response.body);
  MHD_Response* mhd_response = make_mhd_response(response, {head_only, connection_.tls}, core_.read_memory, core_.log);
  if (mhd_response == nullptr) {
    response = problem(503, "the server is out of memory or descriptors").with("Retry-After", "5");
    body_size_ = head_only ? 0 : body_size(response.body);
    mhd_response = make_mhd_response(response, {head_only, connection_.tls}, core_.read_memory, core_.log);
    if (mhd_response == nullptr) return MHD_NO;
  }
  status_ = response.status;
  if (const auto* file = std::get_if<FileBody>(&response.body); file != nullptr && body_size_ > 0) {
    core_.keeper.watch_file(connection_, file->file, file->offset + file->size);
    watches_file_ = true;
  }
  add_headers(mhd_response, response);
  const MHD_Result result = MHD_queue_response(mhd_, static_cast<unsigned>(response.status), mhd_response);
  MHD_destroy_response(mhd_response);
  return result;
}

void Exchange::add_headers(MHD_Response* mhd_response, const Response& response) const {
  const auto add = [&](const char* name, const char* value) {
    if (MHD_add_response_header(mhd_response, name, value) == MHD_NO)
      core_.log.warn("request {}: header '{}' can't be sent", request_.id, printable(name));
  };
  for (const auto& [name, value] : response.headers) add(name.c_str(), value.c_str());
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "no-referrer");
  add("X-Request-Id", request_.id.c_str());
  if (!core_.options.allow_origin.empty()) {
    add("Access-Control-Allow-Origin", core_.options.allow_origin.c_str());
    add("Access-Control-Expose-Headers",
        "Content-Length, Content-Range, Content-Disposition, ETag, Date, X-Request-Id");
    if (core_.options.allow_origin != "*") add("Vary", "Origin");
  }
  if (core_.stopping) add("Connection", "close");
}

void Exchange::completed(MHD_RequestTerminationCode code) {
  // The library gives back what is parked only when the server ends.
  if (wait_) core_.keeper.unpark(*this, wait_->until);
  subscription_ = {};
  if (watches_file_) core_.keeper.watch_file(connection_, nullptr, 0);
  connection_.enter(Phase::idle);
  const bool whole = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
  if (early_ && whole) core_.keeper.linger(connection_.fd);
  // Without an answer of ours the library has refused the request by itself, or the client has left.
  if (status_ == 0) status_ = head_taken_ ? 499 : 400;
  const auto duration = std::chrono::steady_clock::now() - started_;
  core_.counters.count(route_, status_, bytes_sent(whole), duration);
  if (core_.access_log) write_access_log(whole);
}

uint64_t Exchange::bytes_sent(bool whole) const {
  if (whole) return body_size_;
  // Of an answer that was broken off, about what the client has acknowledged.
  const auto bytes = tcp_bytes(connection_.fd);
  return bytes ? std::min(bytes->acked, body_size_) : 0;
}

void Exchange::write_access_log(bool whole) {
  const auto now = floor_ms(SystemClock().wall());
  const auto duration = std::chrono::steady_clock::now() - started_;
  std::string line = R"({"time":")" + format_rfc3339(now) + R"(","peer":)";
  append_json_string(line, request_.peer.empty() ? connection_.peer_text : request_.peer);
  const auto field = [&](std::string_view name, std::string_view value) {
    line += fmt::format(R"(,"{}":)", name);
    append_json_string(line, value);
  };
  if (!request_.user.empty()) field("user", request_.user);
  field("method", head_taken_ ? method_name(request_.method) : std::string_view());
  // Strangers must not fill the disk with what they ask for.
  const std::string_view target = std::string_view(target_).substr(0, kLongestLogged);
  std::string path = core_.hooks.redact ? core_.hooks.redact(target) : std::string(target);
  if (target.size() < target_.size()) path += "…";
  field("path", path);
  if (route_ < core_.router.routes().size()) field("route", core_.router.routes()[route_].name);
  line += fmt::format(R"(,"status":{},"bytes":{},"duration_ms":{:.3f})", status_, bytes_sent(whole),
                      std::chrono::duration<double, std::milli>(duration).count());
  if (!whole) line += R"(,"aborted":true)";
  field("id", request_.id);
  if (const auto agent = request_.header("user-agent")) field("user_agent", agent->substr(0, 256));
  line += "}\n";
  core_.access_log->add(std::move(line));
}

}  // namespace cbx::http
