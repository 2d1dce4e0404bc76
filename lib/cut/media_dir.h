// The recordings on disk, opened beneath media and nowhere else.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"

namespace cbx::cut {

// Thread-safe.
class MediaDir {
 public:
  static Result<std::shared_ptr<const MediaDir>> open(const std::string& path);

  // A regular file, for reading; `relative` goes through no symbolic link and never leaves the folder (openat2(2)).
  // Errors: no_input with ENOENT when it is not there, data when it is no regular file.
  Result<UniqueFd> open_fd(const std::string& relative) const;
  Result<std::unique_ptr<File>> open_file(const std::string& relative) const;
  const std::string& path() const { return path_; }

 private:
  MediaDir(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  UniqueFd fd_;
  std::string path_;
};

// A File that can only be read; `name` is for errors.
std::unique_ptr<File> read_only_file(UniqueFd fd, std::string name);
// Up to data.size() bytes at `offset`, fewer only at the end.
Result<size_t> read_fd(int fd, uint64_t offset, std::span<uint8_t> data, const std::string& name);

}  // namespace cbx::cut
