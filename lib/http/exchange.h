// One request and its answer, from the first line on.  Private to lib/http.
#pragma once

#include <microhttpd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "http/core.h"

namespace cbx::http {

// Belongs to the thread that serves its connection; while it is parked, to whoever wakes it.
class Exchange final : public Parked {
 public:
  Exchange(Core& core, Connection& connection, MHD_Connection* mhd, const char* target);
  ~Exchange() override;

  // The library's access handler: called with the head, with pieces of the body, with its end, and after each wake().
  MHD_Result handle(const char* method, const char* version, const char* data, size_t* size);
  void completed(MHD_RequestTerminationCode code);

  int descriptor() const override { return connection_.fd; }
  void wake(Wake why) noexcept override;

 private:
  void take_head(const char* method, const char* version);
  std::optional<Response> read_head(const char* method, const char* version);
  std::optional<Response> read_fields(std::string_view version);
  std::optional<Response> read_framing(std::string_view version);
  std::optional<Response> read_target();
  std::optional<Response> find_route();
  Response answer_options(const std::string& allow) const;
  void identify_peer();
  void take_body(const char* data, size_t size);

  MHD_Result answer();
  Answer ask_handler();
  MHD_Result park(Wait wait);
  MHD_Result submit(Work work);
  void suspend();
  MHD_Result send(Response response);
  void add_headers(MHD_Response* mhd_response, const Response& response) const;
  void write_access_log(bool whole);
  uint64_t bytes_sent(bool whole) const;

  Core& core_;
  Connection& connection_;
  MHD_Connection* const mhd_;
  const std::string target_;
  const Monotonic started_;
  Request request_;
  size_t route_;
  bool head_taken_ = false;
  std::optional<uint64_t> content_length_;
  bool chunked_ = false;
  uint64_t body_received_ = 0;
  std::optional<Response> refusal_;  // decided before a handler was asked
  bool early_ = false;               // answered by it before the body has been read

  std::atomic<bool> parked_{false};
  Wake woken_by_ = Wake::changed;
  std::optional<Wait> wait_;
  Broadcast::Subscription subscription_;
  std::optional<Response> work_result_;
  bool in_work_ = false;

  bool watches_file_ = false;
  int status_ = 0;
  uint64_t body_size_ = 0;
};

// How a response's body is sent.
struct Sending {
  bool head_only = false;  // it is not
  bool tls = false;
};
// The HTTP library's form of an answer; null if there is no memory or no descriptor left.  Files that are not mapped
// are read into shares of `memory`, or sent by the kernel when there is none left.
MHD_Response* make_mhd_response(Response& response, Sending sending, ReadMemory& memory, const Logger& log);
uint64_t body_size(const Body& body);

}  // namespace cbx::http
