// Letters over SMTP (RFC 5321), by libcurl.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "net/mailer.h"

namespace cbx::net {

struct SmtpServer {
  std::string host;  // name or address, IPv6 without brackets
  uint16_t port = 0;
  bool tls = false;        // from the first byte (smtps://, RFC 8314)
  bool starttls = true;    // else: refuse to go on without STARTTLS (RFC 3207); false on this machine alone
  std::string user{};      // empty: no log-in
  std::string password{};  // never logged
  std::string ca_file{};   // certificates to trust (PEM); empty: the system's
};

// smtp://[user@]host[:port] or smtps://…; without a port 465 for smtps, 587 for smtp (RFC 8314), 25 on this machine.
// `starttls` is left out for localhost, 127.0.0.0/8 and ::1.  Error `usage`; a password in it is one.
Result<SmtpServer> parse_smtp_url(std::string_view url);

class SmtpMailer final : public Mailer {
 public:
  // `from` is the envelope's sender as well.  Connects when there is something to send, and keeps the connection for a
  // while.  Errors: usage (an address), config (the certificates can't be read), internal.
  static Result<std::unique_ptr<SmtpMailer>> create(SmtpServer server, Mailbox from, const Clock& clock);
  ~SmtpMailer() override;
  Status send(const Letter& letter) override;
  void stop() override;

 private:
  struct Impl;
  explicit SmtpMailer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::net
