#include "net/smtp.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <charconv>
#include <cstring>
#include <mutex>
#include <optional>

namespace cbx::net {
namespace {

constexpr long kConnectSeconds = 15;
// RFC 5321 (4.5.3.2) would wait for minutes; a code is of no use then.
constexpr long kSendSeconds = 60;

struct EasyEnd {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

bool is_loopback(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";  // which libcurl looks up nowhere (RFC 6761, 6.3)
}

Error bad_url(const char* why) {
  return {ErrorCode::usage,
          fmt::format("the address of the mail server {}: say smtp://[user@]host[:port] or smtps://…", why)};
}

bool is_host_text(std::string_view host) {
  return !host.empty() && host.size() < 254 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == ':' || c == '_';
  });
}

Result<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return fail(bad_url("has no right port"));
  return port;
}

// "%40" and the like; nothing that could end a command.
std::optional<std::string> decode_user(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    unsigned value = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      if (error != std::errc{} || end != text.data() + i + 3) return std::nullopt;
      i += 2;
    }
    if (value < 0x20 || value == 0x7f) return std::nullopt;
    out += static_cast<char>(value);
  }
  return out;
}

struct Upload {
  std::string_view left;
  static size_t read(char* to, size_t size, size_t count, void* self) {
    auto& left = static_cast<Upload*>(self)->left;
    const size_t n = std::min(size * count, left.size());
    std::memcpy(to, left.data(), n);
    left.remove_prefix(n);
    return n;
  }
};

// The server's last line, for the log.
size_t keep_line(char* data, size_t size, size_t count, void* to) {
  std::string_view line(data, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  *static_cast<std::string*>(to) = printable(line.substr(0, 300));
  return size * count;
}

size_t ignore(char*, size_t size, size_t count, void*) {
  return size * count;
}

// A random id, so that no two letters have the same.
std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
  }
  std::string out;
  for (const unsigned char b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

ErrorCode code_of(CURLcode result, long reply) {
  switch (result) {
    case CURLE_USE_SSL_FAILED:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return ErrorCode::config;
    case CURLE_LOGIN_DENIED:
      return ErrorCode::permission;
    default:
      break;
  }
  if (reply == 530 || reply == 534 || reply == 535 || reply == 538) return ErrorCode::permission;  // RFC 4954, 6
  if (reply >= 500 && reply < 600) return ErrorCode::data;  // RFC 5321, 4.2.1: not to be sent again
  if (reply >= 400 && reply < 500) return ErrorCode::try_again;
  return result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR ? ErrorCode::io : ErrorCode::unavailable;
}

}  // namespace

Result<SmtpServer> parse_smtp_url(std::string_view url) {
  SmtpServer server;
  const auto takes = [&](std::string_view prefix) {
    if (!url.starts_with(prefix)) return false;
    url.remove_prefix(prefix.size());
    return true;
  };
  server.tls = takes("smtps://");
  if (!server.tls && !takes("smtp://")) return fail(bad_url("does not begin with smtp:// or smtps://"));
  if (url.ends_with('/')) url.remove_suffix(1);
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    if (url.substr(0, at).find(':') != std::string_view::npos)
      return fail(
          bad_url("holds a password, which everybody here can read: give it by --smtp-password-file or "
                  "CBX_SMTP_PASSWORD"));
    const auto user = decode_user(url.substr(0, at));
    if (!user || user->empty()) return fail(bad_url("has no right user"));
    server.user = *user;
    url.remove_prefix(at + 1);
  }
  std::string_view host = url, port;
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == std::string_view::npos) return fail(bad_url("has a '[' without ']'"));
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!port.empty() && port.front() != ':') return fail(bad_url("has no right port"));
  } else if (const size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  server.host = host;
  for (char& c : server.host) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!is_host_text(server.host)) return fail(bad_url("has no right host"));
  const bool here = is_loopback(server.host);
  server.starttls = !server.tls && !here;
  server.port = server.tls ? 465 : here ? 25 : 587;
  if (!port.empty()) {
    CBX_ASSIGN(server.port, parse_port(port.substr(1)));
  }
  return server;
}

struct SmtpMailer::Impl {
  SmtpServer server;
  Mailbox from;
  const Clock& clock;
  std::atomic<bool> stopping{false};
  std::mutex mutex{};                     // one letter after the other
  std::unique_ptr<CURL, EasyEnd> curl{};  // keeps the connection
  std::array<char, CURL_ERROR_SIZE> error_text{};

  CURLcode set_up();
  Error error(CURLcode result, const std::string& said) const;
};

SmtpMailer::SmtpMailer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SmtpMailer::~SmtpMailer() = default;

CURLcode SmtpMailer::Impl::set_up() {
  CURL* c = curl.get();
  CURLcode result = CURLE_OK;
  const auto set = [&](CURLoption option, auto value) {
    if (const CURLcode one = curl_easy_setopt(c, option, value); one != CURLE_OK) result = one;
  };
  const std::string host = server.host.find(':') == std::string::npos ? server.host : "[" + server.host + "]";
  set(CURLOPT_PROTOCOLS_STR, server.tls ? "smtps" : "smtp");
  set(CURLOPT_URL, fmt::format("{}://{}:{}", server.tls ? "smtps" : "smtp", host, server.port).c_str());
  set(CURLOPT_PROXY, "");
  set(CURLOPT_USE_SSL, static_cast<long>(server.tls || server.starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!server.ca_file.empty()) set(CURLOPT_CAINFO, server.ca_file.c_str());
  if (!server.user.empty()) {
    set(CURLOPT_USERNAME, server.user.c_str());
    set(CURLOPT_PASSWORD, server.password.c_str());
  }
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_TIMEOUT, kSendSeconds);
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_MAIL_FROM, ("<" + from.address + ">").c_str());
  set(CURLOPT_READFUNCTION, &Upload::read);
  set(CURLOPT_WRITEFUNCTION, &ignore);
  set(CURLOPT_HEADERFUNCTION, &keep_line);
  set(CURLOPT_ERRORBUFFER, error_text.data());
  set(CURLOPT_NOPROGRESS, 0L);
  const curl_xferinfo_callback watch = [](void* flag, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<std::atomic<bool>*>(flag)->load() ? 1 : 0;
  };
  set(CURLOPT_XFERINFOFUNCTION, watch);
  set(CURLOPT_XFERINFODATA, &stopping);
  return result;
}

Error SmtpMailer::Impl::error(CURLcode result, const std::string& said) const {
  long reply = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply);
  std::string why = error_text.front() != '\0' ? error_text.data() : curl_easy_strerror(result);
  if (result == CURLE_USE_SSL_FAILED) why = "it offers no STARTTLS, and nothing is sent in clear text";
  // Of what was said before, a line that was fine explains nothing.
  if (reply >= 400 && !said.empty()) why += fmt::format(" ('{}')", said);
  return {code_of(result, reply), fmt::format("mail server '{}:{}': {}", server.host, server.port, why)};
}

Result<std::unique_ptr<SmtpMailer>> SmtpMailer::create(SmtpServer server, Mailbox from, const Clock& clock) {
  // Does nothing when it was done.
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail(ErrorCode::internal, "libcurl does not start");
  CBX_TRY(check_address(from.address));
  if (!server.ca_file.empty() && ::access(server.ca_file.c_str(), R_OK) != 0) {
    const int error = errno;
    return fail(os_error(error, fmt::format("cannot read '{}'", server.ca_file), ErrorCode::config));
  }
  std::unique_ptr<Impl> impl(new Impl{std::move(server), std::move(from), clock});
  impl->curl.reset(curl_easy_init());
  if (!impl->curl) return fail(ErrorCode::internal, "libcurl does not start");
  if (const CURLcode result = impl->set_up(); result != CURLE_OK)
    return fail(ErrorCode::internal, fmt::format("libcurl cannot send letters: {}", curl_easy_strerror(result)));
  return std::unique_ptr<SmtpMailer>(new SmtpMailer(std::move(impl)));
}

Status SmtpMailer::send(const Letter& letter) {
  CBX_ASSIGN(const std::string message, compose(letter, impl_->from, floor_ms(impl_->clock.wall()), random_id()));
  const std::lock_guard lock(impl_->mutex);
  if (impl_->stopping) return fail(ErrorCode::unavailable, "letters are not sent any more");
  CURL* c = impl_->curl.get();
  const std::unique_ptr<curl_slist, ListEnd> to(curl_slist_append(nullptr, ("<" + letter.to.address + ">").c_str()));
  Upload upload{message};
  std::string said;
  impl_->error_text.front() = '\0';
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(c, CURLOPT_READDATA, &upload);
  curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &said);
  const CURLcode result = curl_easy_perform(c);
  curl_easy_setopt(c, CURLOPT_MAIL_RCPT, nullptr);
  if (result != CURLE_OK) return fail(impl_->error(result, said));
  return {};
}

void SmtpMailer::stop() {
  impl_->stopping = true;
}

}  // namespace cbx::net
