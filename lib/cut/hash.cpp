#include <openssl/evp.h>

#include <array>

#include "cut/cut.h"
#include "cut/digest.h"
#include "cut/text.h"

namespace cbx::cut {

void Digest::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  ok_ = context_ && EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr) == 1;
}

void Digest::update(ByteSpan data) {
  ok_ = ok_ && EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), data.data(), data.size()) == 1;
}

Result<std::string> Digest::finish() {
  std::array<uint8_t, 32> digest{};
  ok_ = ok_ && EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), digest.data(), nullptr) == 1;
  if (!ok_) return fail(ErrorCode::internal, "SHA-256 failed");
  return to_hex(digest);
}

Result<std::string> hash(const Cut& cut, const std::function<bool(uint64_t done)>& progress) {
  Digest digest;
  Bytes block(1 << 20);
  for (uint64_t at = 0; at < cut.size();) {
    CBX_ASSIGN(const size_t n, cut.read_at(at, block));
    digest.update(ByteSpan(block).first(n));
    at += n;
    if (progress && !progress(at)) return fail(ErrorCode::try_again, "interrupted");
  }
  return digest.finish();
}

Result<std::string> hash_source(const store::Store& store, const Source& source) {
  CBX_ASSIGN(const auto media, MediaDir::open(store.media_path()));
  CBX_ASSIGN(const auto file, media->open_file(source.path));
  Digest digest;
  Bytes block(1 << 20);
  for (uint64_t at = 0;;) {
    CBX_ASSIGN(const size_t n, file->read_at(at, block));
    if (n == 0) return digest.finish();
    digest.update(ByteSpan(block).first(n));
    at += n;
  }
}

}  // namespace cbx::cut
