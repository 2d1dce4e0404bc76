// What cbx-serve serves: the routes over a store.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/publish.h"
#include "cut/cut.h"
#include "http/server.h"
#include "net/mailer.h"
#include "web/access.h"
#include "web/vault.h"

namespace cbx::web {

// Who may make an account at the page.
enum class SignUp {
  open,    // everybody
  invite,  // who has an invitation
  closed,  // nobody: cbx-account makes them
};

struct LoginOptions {
  SignUp sign_up = SignUp::invite;
  std::string public_url{};  // of the page, without a '/' at its end, for letters; may be empty
};

// All that handlers share; lives as long as the server.
struct Context {
  store::Store store;
  Access& access;
  Vault& vault;
  const Clock& clock;
  const Logger& log;
  const cut::SigningKey* signing_key = nullptr;  // of manifests; may be null
  std::string version;                           // "0.1.0"
  const std::atomic<bool>* stopping = nullptr;   // set when the server is to end: what takes long gives up; may be null
  std::string picture_tool{};                    // the program cbx-picture; empty: there is none
  net::MailQueue* mail = nullptr;                // null: no letters are sent
  LoginOptions login{};
  cli::PublishPoint publish{};  // where cameras reach the recorder; no host: as the store, or whoever asks, calls it
};

// Each adds its routes.  A test walks all of them as nobody, as a stranger and in each role; a route that it doesn't
// know makes it fail.
void add_media_routes(const Context& context, std::vector<http::Route>& routes);  // /media/…: media_routes.cpp
void add_api_routes(const Context& context, std::vector<http::Route>& routes);    // /api/v1/…: api_….cpp
// /healthz, /readyz, /metrics.  `stats` is asked when metrics are.
void add_health_routes(const Context& context, std::function<http::ServerStats()> stats,
                       std::vector<http::Route>& routes);

}  // namespace cbx::web
