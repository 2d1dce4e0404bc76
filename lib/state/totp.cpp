#include "state/totp.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace cbx::state {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::chrono::seconds kStep{30};

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string to_base32(ByteSpan bytes) {
  std::string text;
  uint32_t held = 0;
  int bits = 0;
  for (const uint8_t byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += kBase32[held >> (bits - 5) & 31];
  }
  if (bits > 0) text += kBase32[held << (5 - bits) & 31];
  return text;
}

Result<Bytes> from_base32(std::string_view text) {
  Bytes bytes;
  uint32_t held = 0;
  int bits = 0;
  for (char c : text) {
    if (c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    const size_t value = kBase32.find(c);
    // The message doesn't show it: it may be a secret with one letter wrong.
    if (value == std::string_view::npos) return fail(ErrorCode::data, "the secret is no base32: A-Z and 2-7");
    held = held << 5 | static_cast<uint32_t>(value);
    if (bits += 5; bits >= 8) bytes.push_back(static_cast<uint8_t>(held >> (bits -= 8)));
  }
  return bytes;
}

std::string hotp(ByteSpan key, uint64_t counter, int digits) {
  uint8_t message[8], mac[EVP_MAX_MD_SIZE];
  write_be64(message, counter);
  unsigned length = 0;
  if (!HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message, sizeof message, mac, &length) || length < 20)
    return {};
  // RFC 4226, 5.3: dynamic truncation.
  const uint32_t number = read_be32(mac + (mac[length - 1] & 15)) & 0x7fffffff;
  uint32_t modulus = 1;
  for (int i = 0; i < digits; i++) modulus *= 10;
  return fmt::format("{:0{}}", number % modulus, digits);
}

int64_t totp_step(WallMs at) {
  return at < kEarliest ? 0 : at.time_since_epoch() / kStep;
}

Result<std::string> totp_code(std::string_view secret, WallMs at) {
  CBX_ASSIGN(const Bytes key, from_base32(secret));
  return hotp(key, static_cast<uint64_t>(totp_step(at)));
}

std::string totp_uri(std::string_view secret, std::string_view user, std::string_view issuer) {
  // A colon parts the two in the label.
  const std::string who = percent_encode(issuer);
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits=6&period=30", who,
                     percent_encode(user), secret, who);
}

}  // namespace cbx::state
