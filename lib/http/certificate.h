// The certificate of the TLS server, which may be replaced while it runs.  Private to lib/http.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace cbx::http {

// A certificate chain with its private key, in the TLS library's form.
class KeyPair;

// Thread-safe.
class Certificates {
 public:
  // PEM files.  Errors: config (they can't be read, or don't belong together).
  static Result<std::unique_ptr<Certificates>> load(std::string certificate_file, std::string key_file);

  // Reads the files anew; on error the old pair stays.  Sessions keep the pair that they began with.
  Status reload();
  std::shared_ptr<const KeyPair> current() const;

 private:
  Certificates(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}
  const std::string certificate_file_, key_file_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeyPair> current_;
};

}  // namespace cbx::http
