// A server of the benchmarks' and tests' own around lib/http: GET /text, /file (the file given), /wait, /work.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "http/server.h"

using namespace cbx;
using namespace std::chrono_literals;

namespace {

std::vector<http::Route> make_routes(const std::string& path) {
  std::vector<http::Route> routes;
  const auto add = [&](std::string pattern, http::Handler handler) {
    routes.push_back({http::Method::get, pattern, pattern.substr(1), std::move(handler), 0});
  };
  add("/text", [](http::Request&) { return http::Response{200, {{"Content-Type", "text/plain"}}, "hello\n", {}}; });
  add("/wait", [](http::Request& request) -> http::Answer {
    if (!request.waited) return http::Wait{nullptr, 0, std::chrono::steady_clock::now() + 30s};
    return http::Response{204, {}, {}, {}};
  });
  add("/work", [](http::Request&) -> http::Answer {
    return http::Work{[] { return http::Response{200, {}, "worked\n", {}}; }};
  });
  if (path.empty()) return routes;
  const auto file = std::make_shared<const UniqueFd>(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  fstat(file->get(), &info);
  const auto size = static_cast<uint64_t>(info.st_size);
  add("/file", [file, size](http::Request& request) {
    return http::represent(request, {http::FileBody{file, 0, size}, size, "video/mp4", "etag", {}, "private", ""});
  });
  return routes;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("a small server around lib/http");
  http::ServerOptions options;
  std::string file;
  std::vector<std::string> listen{"127.0.0.1:0"};
  long header = 10, idle = 60;
  app.add_option("--listen", listen);
  app.add_option("--file", file);
  app.add_option("--threads", options.threads);
  app.add_option("--connections", options.connections);
  app.add_option("--per-address", options.per_address);
  app.add_option("--header-deadline", header, "seconds");
  app.add_option("--idle", idle, "seconds");
  app.add_option("--cert", options.certificate);
  app.add_option("--key", options.key);
  app.add_option("--access-log", options.access_log);
  CLI11_PARSE(app, argc, argv);
  options.header_deadline = std::chrono::seconds(header);
  options.idle = std::chrono::seconds(idle);
  for (const std::string& text : listen) options.listen.push_back(*http::parse_listen(text));

  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  const Logger log("http-server", LogLevel::debug, LogFormat::text, false);
  auto server = http::Server::start(std::move(options), make_routes(file), {}, log);
  if (!server) {
    log.error("{}", server.error().message());
    return server.error().exit_code();
  }
  for (const std::string& address : server->addresses()) std::cout << address << std::endl;
  int signal = 0;
  sigwait(&stop, &signal);
  server->stop(2s);
  const http::ServerStats stats = server->stats();
  std::cout << "accepted " << stats.accepted << " refused " << stats.refused << " late " << stats.late << std::endl;
  return 0;
}
