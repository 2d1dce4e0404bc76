#include "state/secrets.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

namespace cbx::state {
namespace {

constexpr size_t kRandomBytes = 32, kEncodedLength = 43, kIdDigits = 12, kLongestCode = 32;
constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";

Status ready() {
  static const bool done = sodium_init() >= 0;
  if (!done) return fail(ErrorCode::internal, "cannot initialise libsodium");
  return {};
}

}  // namespace

Result<Bytes> random_bytes(size_t count) {
  CBX_TRY(ready());
  Bytes bytes(count);
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

Result<std::string> random_secret() {
  CBX_ASSIGN(const Bytes random, random_bytes(kRandomBytes));
  char text[kEncodedLength + 1];
  sodium_bin2base64(text, sizeof text, random.data(), random.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return std::string(text);
}

bool is_secret(std::string_view text) {
  return text.size() == kEncodedLength && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Result<std::string> random_digits(int count) {
  CBX_TRY(ready());
  std::string digits;
  for (int i = 0; i < count; i++) digits += static_cast<char>('0' + randombytes_uniform(10));
  return digits;
}

Result<std::string> random_letters(size_t count) {
  CBX_TRY(ready());
  std::string letters;
  for (size_t i = 0; i < count; i++) letters += kAlphabet[randombytes_uniform(kAlphabet.size())];
  return letters;
}

std::string digest_id(const TokenDigest& digest) {
  std::string id;
  for (size_t i = 0; i < kIdDigits / 2; i++) id += fmt::format("{:02x}", digest[i]);
  return id;
}

Bytes keyed_hash(ByteSpan key, std::string_view text) {
  Bytes hash(crypto_generichash_BYTES);
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     key.data(), key.size());
  return hash;
}

bool same_bytes(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string plain_code(std::string_view typed) {
  if (typed.size() > kLongestCode) return {};
  std::string plain;
  for (const char c : typed)
    if (c != ' ' && c != '-') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return plain;
}

}  // namespace cbx::state
