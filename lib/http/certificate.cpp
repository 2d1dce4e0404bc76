#include "http/certificate.h"

#include <gnutls/x509.h>

#include "base/file.h"
#include "base/log.h"
#include "http/key_pair.h"

namespace cbx::http {
namespace {

constexpr size_t kLargestFile = size_t{1} << 20;
constexpr unsigned kLongestChain = 16;

gnutls_datum_t datum(std::string_view text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())), static_cast<unsigned>(text.size())};
}

Status check(int code, std::string_view what) {
  if (code >= 0) return {};
  return fail(ErrorCode::config, fmt::format("{}: {}", what, gnutls_strerror(code)));
}

struct Credentials {
  gnutls_certificate_credentials_t value = nullptr;
  Credentials() { gnutls_certificate_allocate_credentials(&value); }
  ~Credentials() { gnutls_certificate_free_credentials(value); }
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
};

Result<std::string> read_pem(const std::string& path) {
  auto text = read_file(path, kLargestFile);
  if (!text) return fail(ErrorCode::config, text.error().message(), text.error().os_error());
  return text;
}

}  // namespace

Result<std::shared_ptr<const KeyPair>> KeyPair::parse(std::string_view certificates, std::string_view key) {
  const gnutls_datum_t chain_pem = datum(certificates), key_pem = datum(key);
  const Credentials probe;  // whether the two belong together
  CBX_TRY(check(gnutls_certificate_set_x509_key_mem(probe.value, &chain_pem, &key_pem, GNUTLS_X509_FMT_PEM),
                "certificate and key"));
  std::shared_ptr<KeyPair> pair(new KeyPair);
  unsigned length = kLongestChain;
  pair->chain_.resize(length);
  const int code = gnutls_pcert_list_import_x509_raw(pair->chain_.data(), &length, &chain_pem, GNUTLS_X509_FMT_PEM,
                                                     GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
  pair->chain_.resize(code < 0 ? 0 : length);
  CBX_TRY(check(code, "certificate"));
  CBX_TRY(check(gnutls_privkey_init(&pair->key_), "key"));
  CBX_TRY(check(gnutls_privkey_import_x509_raw(pair->key_, &key_pem, GNUTLS_X509_FMT_PEM, nullptr, 0), "key"));
  return pair;
}

KeyPair::~KeyPair() {
  for (gnutls_pcert_st& certificate : chain_) gnutls_pcert_deinit(&certificate);
  if (key_ != nullptr) gnutls_privkey_deinit(key_);
}

Result<std::unique_ptr<Certificates>> Certificates::load(std::string certificate_file, std::string key_file) {
  std::unique_ptr<Certificates> certificates(new Certificates(std::move(certificate_file), std::move(key_file)));
  CBX_TRY(certificates->reload());
  return certificates;
}

Status Certificates::reload() {
  CBX_ASSIGN(const std::string chain, read_pem(certificate_file_));
  CBX_ASSIGN(std::string key, read_pem(key_file_));
  auto pair = KeyPair::parse(chain, key);
  gnutls_memset(key.data(), 0, key.size());
  if (!pair)
    return fail(std::move(pair).error().context(
        fmt::format("cannot use '{}' with '{}'", printable(certificate_file_), printable(key_file_))));
  const std::lock_guard lock(mutex_);
  current_ = *std::move(pair);
  return {};
}

std::shared_ptr<const KeyPair> Certificates::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace cbx::http
