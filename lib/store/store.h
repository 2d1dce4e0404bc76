// The tree on disk: where files lie, what they are called, and the store's identity.  See cbx-store(5).
//
//   ROOT/store.json                                      written once by `cbx-index init`
//   ROOT/media/<device>/<YYYY-MM-DD>/<HH-MM-SS.mmm>.mp4  finished files
//   ROOT/media/<device>/<YYYY-MM-DD>/.<HH-MM-SS.mmm>.mp4.part
//   ROOT/media/<device>/<YYYY-MM-DD>/records.jsonl       the journal of that device and day
//   ROOT/index.db  ROOT/state.db
// Days and names are in the store's fixed UTC offset.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cbx::store {

// store.json
struct StoreConfig {
  int version = 1;
  std::string id;  // 32 hex digits, random
  UtcOffset utc_offset;
  std::string public_host;  // name or address that cameras reach this store at, may be empty
  // Where every segment is to be copied to ("s3://bucket/prefix"): until it is, it is not pruned.  Never a secret.
  std::vector<std::string> push;
  bool operator==(const StoreConfig&) const = default;
};

// What `init` sets; what is left out stays as it is.
struct StoreChanges {
  std::optional<UtcOffset> utc_offset;
  std::optional<std::string> public_host;
  std::optional<std::vector<std::string>> push;
};

// Whether the text can name a push target: scheme://…, without a user or password.  Error `usage`.
Status check_target(std::string_view target);

// Immutable after opening; copies are cheap; thread-safe.
class Store {
 public:
  // Error `config` when ROOT holds no store.json (the message says `cbx-index init`) or one of a newer version.
  static Result<Store> open(const std::string& root);
  // Makes ROOT, ROOT/media and store.json.  An existing store is no error if `offset` is not given or equal; its
  // public host and push targets are replaced when they are given.
  static Result<Store> init(const std::string& root, const StoreChanges& changes);
  static Result<Store> init(const std::string& root, std::optional<UtcOffset> offset,
                            std::optional<std::string> public_host) {
    return init(root, StoreChanges{offset, std::move(public_host), std::nullopt});
  }

  const std::string& root() const { return root_; }
  const StoreConfig& config() const { return config_; }
  UtcOffset utc_offset() const { return config_.utc_offset; }

  std::string index_path() const { return root_ + "/index.db"; }
  std::string state_path() const { return root_ + "/state.db"; }
  std::string media_path() const { return root_ + "/media"; }
  // "cam01/2026-11-20": relative to media_path(), as everything below.
  std::string day_folder(std::string_view device, WallMs t) const;
  // "17-01-00.033.mp4"
  std::string segment_name(WallMs start) const;
  // "cam01/2026-11-20/17-01-00.033.mp4"
  std::string segment_path(std::string_view device, WallMs start) const;
  std::string part_path(std::string_view device, WallMs start) const;
  std::string journal_path(std::string_view device, WallMs t) const;

  struct ParsedPath {
    std::string device;
    WallMs start;
    bool part = false;
  };
  // The day (in the store's offset) of a folder's name, or nullopt.
  std::optional<WallMs> parse_day(std::string_view name) const;
  // The inverse of segment_path() and part_path(); nullopt for anything else.
  std::optional<ParsedPath> parse_path(std::string_view relative) const;

 private:
  std::string root_;
  StoreConfig config_;
};

// The journals that exist, as (device, day, path relative to media), sorted.
struct JournalFile {
  std::string device, day, path;
  uint64_t bytes = 0;
};
Result<std::vector<JournalFile>> list_journals(const Store& store);

}  // namespace cbx::store
