#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/utf8.h"
#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {
namespace {

constexpr std::string_view kPrefix = "cbx_";
// How long what has expired is still listed, so that people see why something stopped to work.
constexpr std::chrono::hours kKeepExpired{24 * 7};

std::optional<TokenKind> kind_of(std::string_view name) {
  for (const TokenKind kind : {TokenKind::user, TokenKind::device, TokenKind::link})
    if (name == token_kind_name(kind)) return kind;
  return std::nullopt;
}

// What the kinds of tokens have in common with the table's CHECK, in words.
Status check_token(const Token& token) {
  CBX_TRY(check_token_name(token.name));
  const bool of_user = token.kind == TokenKind::user;
  if (of_user == token.user.empty())
    return fail(ErrorCode::usage, of_user ? "the token needs a user" : "only a user's token has a user");
  if (!of_user && token.device.empty()) return fail(ErrorCode::usage, "the token needs a device");
  if (token.kind == TokenKind::link && !token.until) return fail(ErrorCode::usage, "a link must expire");
  if (token.until && *token.until <= token.created)
    return fail(ErrorCode::usage, fmt::format("{} has passed already", format_rfc3339(*token.until)));
  return {};
}

int64_t day_of(WallMs when) {
  return std::chrono::floor<std::chrono::days>(when).time_since_epoch().count();
}

}  // namespace

std::string_view token_kind_name(TokenKind kind) {
  return kind == TokenKind::user ? "user" : kind == TokenKind::device ? "device" : "link";
}

bool is_token(std::string_view text) {
  return text.starts_with(kPrefix) && is_secret(text.substr(kPrefix.size()));
}

TokenDigest token_digest(std::string_view secret) {
  TokenDigest digest;
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  return digest;
}

Status check_token_name(std::string_view name) {
  if (is_utf8(name) && name.size() <= 256 && display_width(name) <= 64 && printable(name) == name) return {};
  return fail(ErrorCode::data, "a token's name is UTF-8 text of at most 64 columns without control characters");
}

Result<std::vector<Token>> State::tokens() {
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT id, digest, kind, user, device, name, read_only, until_ms, "
                                               "created_ms, used_day FROM token ORDER BY created_ms, id"));
  statement->bind();
  std::vector<Token> tokens;
  for (;;) {
    CBX_ASSIGN(const bool row, statement->step());
    if (!row) return tokens;
    const Bytes digest = statement->blob(1);
    const auto kind = kind_of(statement->text(2));
    if (!kind || digest.size() != TokenDigest{}.size()) continue;  // the table's CHECK lets in neither
    Token token{.id = statement->text(0),
                .digest = {},
                .kind = *kind,
                .user = statement->text(3),
                .device = statement->text(4),
                .name = statement->text(5),
                .read_only = statement->integer(6) != 0,
                .until = statement->any_time(7),
                .created = statement->time(8),
                .last_used = {}};
    std::copy(digest.begin(), digest.end(), token.digest.begin());
    if (const auto day = statement->any_integer(9)) token.last_used = WallMs{std::chrono::days{*day}};
    tokens.push_back(std::move(token));
  }
}

Result<NewToken> State::add_token(Token wanted) {
  wanted.read_only = wanted.read_only || wanted.kind == TokenKind::link;
  wanted.last_used.reset();
  CBX_TRY(check_token(wanted));
  CBX_ASSIGN(std::string secret, random_secret());
  secret.insert(0, kPrefix);
  wanted.digest = token_digest(secret);
  wanted.id = digest_id(wanted.digest);
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    if (!wanted.user.empty()) CBX_TRY(impl_->must_have_user(wanted.user));
    if (!wanted.device.empty()) CBX_TRY(impl_->must_have_device(wanted.device));
    for (const char* sql : {"DELETE FROM token WHERE until_ms < ?1", "DELETE FROM share WHERE until_ms < ?1"}) {
      CBX_ASSIGN(auto* old, impl_->db.cached(sql));
      CBX_TRY(old->bind(wanted.created - kKeepExpired).run());
    }
    CBX_ASSIGN(auto* insert, impl_->db.cached("INSERT INTO token (id, digest, kind, user, device, name, read_only, "
                                              "until_ms, created_ms) VALUES "
                                              "(?1, ?2, ?3, nullif(?4, ''), nullif(?5, ''), ?6, ?7, ?8, ?9)"));
    return insert
        ->bind(wanted.id, Bytes(wanted.digest.begin(), wanted.digest.end()), token_kind_name(wanted.kind), wanted.user,
               wanted.device, wanted.name, wanted.read_only, wanted.until, wanted.created)
        .run();
  }));
  return NewToken{std::move(wanted), std::move(secret)};
}

Status State::remove_token(std::string_view id) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM token WHERE id = ?1"));
    return must_touch(impl_->db, statement->bind(id).run(),
                      {ErrorCode::no_input, fmt::format("no token '{}'", printable(id.substr(0, 80)))});
  });
}

Status State::touch_token(std::string_view id, WallMs when) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE token SET used_day = ?2 WHERE id = ?1"));
    return statement->bind(id, day_of(when)).run();
  });
}

}  // namespace cbx::state
