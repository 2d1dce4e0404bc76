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
