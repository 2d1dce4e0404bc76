// A planned cut: its head in memory, the media data in the recorded files.
#pragma once

#include <map>
#include <mutex>

#include "cut/cut.h"
#include "cut/joiner.h"
#include "cut/media_dir.h"

namespace cbx::cut {

struct SourceFile {
  std::string path;
  uint64_t bytes = 0;  // that it must have at least
  bool finished = false;
  std::shared_ptr<File> file;  // is open already: its name will change
  std::string next_path;       // the name that it will have; empty: it keeps its own
};

// Thread-safe.  Keeps a few of its sources open.
class JoinedCut final : public Cut {
 public:
  struct Parts {
    std::string device, file_name, identity;
    TimeRange range, covered;
    int64_t duration_ms = 0;
    std::vector<Source> sources;
    std::vector<Hole> holes;
    Bytes head;
    uint64_t data_bytes = 0;
    std::vector<Extent> extents;  // by `at`, the first at 0
    std::vector<SourceFile> files;
    std::shared_ptr<const MediaDir> media;
  };
  explicit JoinedCut(Parts parts);

  uint64_t size() const override { return parts_.head.size() + parts_.data_bytes; }
  Result<size_t> read_at(uint64_t offset, std::span<uint8_t> data) const override;
  const std::string& device() const override { return parts_.device; }
  TimeRange range() const override { return parts_.range; }
  TimeRange covered() const override { return parts_.covered; }
  const std::vector<Source>& sources() const override { return parts_.sources; }
  const std::vector<Hole>& holes() const override { return parts_.holes; }
  int64_t duration_ms() const override { return parts_.duration_ms; }
  std::string identity() const override { return parts_.identity; }
  std::string file_name() const override { return parts_.file_name; }
  void close_files() const override;

 private:
  using Shared = std::shared_ptr<File>;
  struct Open {
    uint32_t source = 0;
    uint64_t used = 0;
    Shared file;
  };
  // Of a file that has no name for good: what it is known by when it is opened again.
  struct Unnamed {
    Shared file;  // null after close_files()
    uint64_t device = 0, inode = 0;
  };
  // Reads of one extent; at least one byte.
  Result<size_t> read_extent(size_t extent, uint64_t at, std::span<uint8_t> data) const;
  Result<Shared> open(uint32_t source) const;
  Result<Shared> open_anew(uint32_t source) const;

  Parts parts_;
  mutable std::mutex mutex_;  // guards all below
  mutable std::map<uint32_t, Unnamed> unnamed_;
  mutable std::vector<Open> open_;
  mutable uint64_t uses_ = 0;
};

}  // namespace cbx::cut
