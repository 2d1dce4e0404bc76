#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"
#include "cut/cut.h"

namespace cbx::cut {
namespace {

constexpr size_t kMaxKeyFile = 64 << 10;

struct FreeBio {
  void operator()(BIO* b) const { BIO_free(b); }
};
struct FreeKey {
  void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};

// A key that is protected by a passphrase is refused, rather than asked for on a terminal that may not be there.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

struct SigningKey::Impl {
  std::unique_ptr<EVP_PKEY, FreeKey> key;
  std::string public_pem;
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey> SigningKey::load(const std::string& path) {
  CBX_ASSIGN(std::string pem, read_file(path, kMaxKeyFile));
  const std::unique_ptr<BIO, FreeBio> in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto impl = std::make_unique<Impl>();
  if (in) impl->key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  OPENSSL_cleanse(pem.data(), pem.size());
  ERR_clear_error();
  if (!impl->key)
    return fail(ErrorCode::data, fmt::format("'{}' holds no private key in PEM without a passphrase", path));
  if (EVP_PKEY_get_id(impl->key.get()) != EVP_PKEY_ED25519)
    return fail(ErrorCode::data,
                fmt::format("'{}' is no Ed25519 key (make one with: openssl genpkey -algorithm ed25519)", path));
  const std::unique_ptr<BIO, FreeBio> out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_PUBKEY(out.get(), impl->key.get()) != 1)
    return fail(ErrorCode::internal, "cannot write the public key");
  char* text = nullptr;
  const long n = BIO_get_mem_data(out.get(), &text);
  impl->public_pem.assign(text, static_cast<size_t>(n));
  return SigningKey(std::move(impl));
}

Result<std::string> SigningKey::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string signature(64, '\0');
  size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<uint8_t*>(signature.data()), &size, as_bytes(text).data(),
                     text.size()) != 1 ||
      size != signature.size())
    return fail(ErrorCode::internal, "cannot sign");
  return signature;
}

std::string SigningKey::public_pem() const {
  return impl_->public_pem;
}

}  // namespace cbx::cut
