#include "state/schema.h"

namespace cbx::state {
namespace {

// Append only: a migration that has been released is never edited.
constexpr const char* kMigrations[] = {
    R"(CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('changes', 1);
CREATE TABLE device (
  id         TEXT PRIMARY KEY,
  nickname   TEXT NOT NULL,
  key        TEXT NOT NULL,
  key_bits   INTEGER NOT NULL CHECK (key_bits IN (128, 256)),
  enabled    INTEGER NOT NULL,
  created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX device_nickname ON device (nickname) WHERE nickname <> '';
CREATE TABLE device_tag (
  device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  tag    TEXT NOT NULL,
  PRIMARY KEY (device, tag)) STRICT, WITHOUT ROWID;
CREATE TRIGGER device_added AFTER INSERT ON device
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER device_changed AFTER UPDATE ON device
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER device_removed AFTER DELETE ON device
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER tag_added AFTER INSERT ON device_tag
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER tag_removed AFTER DELETE ON device_tag
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;)",
    // Users, tokens, owners and viewers.  A token that was used is no change.
    R"(CREATE TABLE user (
  name          TEXT PRIMARY KEY,
  email         TEXT NOT NULL COLLATE NOCASE,
  password_hash TEXT NOT NULL,
  admin         INTEGER NOT NULL,
  enabled       INTEGER NOT NULL,
  created_ms    INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX user_email ON user (email) WHERE email <> '';
ALTER TABLE device ADD COLUMN owner TEXT REFERENCES user (name) ON DELETE SET NULL;
CREATE INDEX device_owner ON device (owner) WHERE owner IS NOT NULL;
CREATE TABLE token (
  id         TEXT PRIMARY KEY,
  digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  kind       TEXT NOT NULL,
  user       TEXT REFERENCES user (name) ON DELETE CASCADE,
  device     TEXT REFERENCES device (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  read_only  INTEGER NOT NULL,
  until_ms   INTEGER,
  created_ms INTEGER NOT NULL,
  used_day   INTEGER,
  CHECK (CASE kind WHEN 'user' THEN user IS NOT NULL
                   WHEN 'device' THEN user IS NULL AND device IS NOT NULL
                   WHEN 'link' THEN user IS NULL AND device IS NOT NULL AND read_only AND until_ms IS NOT NULL
                   ELSE 0 END)) STRICT, WITHOUT ROWID;
CREATE INDEX token_user ON token (user) WHERE user IS NOT NULL;
CREATE INDEX token_device ON token (device) WHERE device IS NOT NULL;
CREATE TABLE share (
  device     TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE,
  user       TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
  until_ms   INTEGER,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (device, user)) STRICT, WITHOUT ROWID;
CREATE INDEX share_user ON share (user);
CREATE TRIGGER user_added AFTER INSERT ON user
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER user_changed AFTER UPDATE ON user
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER user_removed AFTER DELETE ON user
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER token_added AFTER INSERT ON token
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER token_changed
  AFTER UPDATE OF id, digest, kind, user, device, name, read_only, until_ms, created_ms ON token
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER token_removed AFTER DELETE ON token
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER share_added AFTER INSERT ON share
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER share_changed AFTER UPDATE ON share
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER share_removed AFTER DELETE ON share
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;)",
    // Logging in: sessions, codes, authenticators, invitations.  A session that was used is no change, nor is what only
    // the one who logs in waits for.
    R"(DROP INDEX device_nickname;
CREATE INDEX device_nickname ON device (nickname) WHERE nickname <> '';
ALTER TABLE user ADD COLUMN email_proven_ms INTEGER;
ALTER TABLE user ADD COLUMN language TEXT NOT NULL DEFAULT '';
CREATE TABLE session (
  id         TEXT PRIMARY KEY,
  digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  user       TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
  created_ms INTEGER NOT NULL,
  used_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  address    TEXT NOT NULL,
  agent      TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user);
CREATE TABLE challenge (
  number        INTEGER PRIMARY KEY,
  digest        BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  kind          TEXT NOT NULL CHECK (kind IN ('sign_up', 'login', 'reset', 'email')),
  factor        TEXT NOT NULL CHECK (factor IN ('email', 'totp')),
  user          TEXT REFERENCES user (name) ON DELETE CASCADE,
  email         TEXT NOT NULL COLLATE NOCASE,
  name          TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  language      TEXT NOT NULL,
  invite        TEXT NOT NULL,
  code_hash     BLOB CHECK (length(code_hash) = 32),
  proven        INTEGER NOT NULL,
  tries_left    INTEGER NOT NULL,
  sends_left    INTEGER NOT NULL,
  created_ms    INTEGER NOT NULL,
  until_ms      INTEGER NOT NULL) STRICT;
CREATE INDEX challenge_user ON challenge (user) WHERE user IS NOT NULL;
CREATE INDEX challenge_email ON challenge (email);
CREATE TABLE totp (
  user    TEXT PRIMARY KEY REFERENCES user (name) ON DELETE CASCADE,
  secret  BLOB,
  pending BLOB,
  salt    BLOB NOT NULL CHECK (length(salt) = 32),
  CHECK (secret IS NOT NULL OR pending IS NOT NULL)) STRICT, WITHOUT ROWID;
CREATE TABLE totp_used (
  number INTEGER PRIMARY KEY,
  user   TEXT NOT NULL REFERENCES totp (user) ON DELETE CASCADE,
  step   INTEGER NOT NULL,
  UNIQUE (user, step)) STRICT;
CREATE TABLE recovery_code (
  user TEXT NOT NULL REFERENCES totp (user) ON DELETE CASCADE,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (user, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE operator_code (
  user       TEXT PRIMARY KEY REFERENCES user (name) ON DELETE CASCADE,
  salt       BLOB NOT NULL CHECK (length(salt) = 32),
  hash       BLOB NOT NULL CHECK (length(hash) = 32),
  tries_left INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE invite (
  id         TEXT PRIMARY KEY,
  digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  email      TEXT NOT NULL COLLATE NOCASE,
  admin      INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  made_by    TEXT REFERENCES user (name) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE INDEX invite_made_by ON invite (made_by) WHERE made_by IS NOT NULL;
CREATE TRIGGER session_added AFTER INSERT ON session
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER session_changed AFTER UPDATE OF id, digest, user, created_ms, until_ms, agent ON session
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER session_removed AFTER DELETE ON session
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER totp_added AFTER INSERT ON totp WHEN new.secret IS NOT NULL
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER totp_changed AFTER UPDATE OF user, secret ON totp
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;
CREATE TRIGGER totp_removed AFTER DELETE ON totp
  BEGIN UPDATE meta SET value = value + 1 WHERE name = 'changes'; END;)",
};

constexpr db::Schema kSchema{.name = "state",
                             .application_id = 0x63627853,  // "cbxS"
                             .full_sync = true,
                             .mode = 0600,
                             .migrations = kMigrations,
                             .when_corrupt =
                                 "state.db cannot be made again from files: restore a backup with "
                                 "'cbx-account restore FILE --force'"};

}  // namespace

const db::Schema& schema() {
  return kSchema;
}

}  // namespace cbx::state
