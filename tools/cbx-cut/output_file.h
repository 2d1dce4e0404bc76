// A file that appears under its name only when it is whole and on the disk.
#pragma once

#include <string>

#include "base/file.h"

namespace cbx::cut_tool {

// Not thread-safe.  Gone without commit(), nothing is left.
class OutputFile {
 public:
  // Error `cannot_create` when `path` exists and may not be replaced, or the folder does not take `bytes` more.
  static Result<OutputFile> create(const std::string& path, uint64_t bytes, bool replace);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  int fd() const { return fd_.get(); }
  Status write(ByteSpan data);
  // Synced, then given its name; the folder synced, too.
  Status commit();

 private:
  OutputFile(std::string path, std::string temporary, UniqueFd fd, bool replace)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)), replace_(replace) {}
  std::string path_, temporary_;
  UniqueFd fd_;
  bool replace_;
  uint64_t written_ = 0, started_ = 0;  // bytes; of them those whose way to the disk has begun
};

// "a/b" -> "a", "b" -> ".", "/b" -> "/"
std::string folder_of(const std::string& path);
std::string base_name(const std::string& path);
bool exists(const std::string& path);

}  // namespace cbx::cut_tool
