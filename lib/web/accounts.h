// What the routes of signing up, logging in and accounts share (private to lib/web).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "state/state.h"
#include "web/api.h"
#include "web/directory.h"
#include "web/letters.h"

namespace cbx::web {

// A problem with a word that pages translate, and more members.
http::Response fault(int status, std::string_view code, std::string_view detail, const Json& more = Json::object());
http::Response too_many(std::chrono::seconds wait);
// 410: what was begun has expired, was used, or was tried too often; also what never was.
http::Response gone();
http::Response wrong_code(int tries_left);
http::Response wrong_password();
// 204
http::Response done();
// What stands in the way of logging in: a browser that won't keep the cookie.
std::optional<http::Response> no_cookies(const http::Request& request);
// 503 when no letters are sent, or too many wait.
std::optional<http::Response> no_mail(const Call& call);

// To write; for a worker.  Error `try_again`.
Result<state::State> open_state(const Call& call);
// For those who have shown a password or a session, before the first write: a little of the store's reserve where the
// disk is full, as whoever wants to delete has to get in first, and out again.
void make_room(const Call& call);
// Error `try_again`.
Result<std::shared_ptr<const Directory>> directory(const Call& call);
// Where the request comes from, as far as limits go.
std::string place(const Call& call);

// What a route's start has come to.
http::Answer answered(Result<http::Answer> answer);

// Of the body: a text that has to be there.  Error `usage`.
Result<std::string> needed(const Json& body, const char* name);
// An address that letters can be sent to.  Error `data`.
Status check_mailbox(std::string_view email);

// The code, or what is sent in its stead, goes to whom `challenge` says; nobody gets one who is not known.
void send_code(const Call& call, const state::Challenge& challenge, const std::string& code);
// Tells the user of something that was changed; nothing where that can't be.
void tell(const Call& call, LetterKind kind, const state::User& user, const std::string& email);
// Counts the letter that send_code() will send; or how long to wait for it.
std::optional<http::Response> count_letter(const Call& call, const state::Challenge& challenge);
// Begins it, sends its code, and answers: schema Challenge.  `typed`: the address as whoever asks has given it, which
// must not be told from the one that is known.
Result<http::Response> begin_challenge(const Call& call, state::State& state, const state::Challenge& challenge,
                                       const std::string& typed);

// One guess at a code, which counts unless it was right.
class Guess {
 public:
  // `user`: of those who have shown more than an address; empty for codes that anybody can have sent, and could use up
  // for whose address it is: there the letters are counted.
  Guess(const Call& call, std::string user);
  // Too many were wrong.
  const std::optional<http::Response>& refused() const { return refused_; }
  void right();

 private:
  void take(Rate rate, Throttle::Who who, uint64_t* mark);
  Throttle& throttle_;
  std::string user_, place_;
  bool known_ = false;
  uint64_t of_place_ = 0, of_account_ = 0;
  std::optional<http::Response> refused_{};
};

// Schema Account.
Json account_json(const Call& call, const state::User& user, const state::Session* session);
// Of a session that may be gone already.  Error `try_again`.
Status end_session(state::State& state, const std::string& id);
// Logs the user in: the account, and the cookie of a new session; an old one of that browser ends.
Result<http::Response> log_in(const Call& call, state::State& state, const std::string& user);

// A POST of whoever would like to be somebody; `run` and the schemas are left to fill in.
ApiRoute login_route(const char* path, const char* name, const char* summary, const char* description);

}  // namespace cbx::web
