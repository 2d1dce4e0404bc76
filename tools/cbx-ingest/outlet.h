// A descriptor that is written to without ever waiting for its reader.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace cbx::ingest {

// Not thread-safe.
class Outlet {
 public:
  // Takes descriptor `fd` over (a duplicate of it for standard output).  A pipe is made as roomy as the kernel allows
  // up to 1 MiB.  Pipes are opened anew for writing without waiting, so that other holders of the same descriptor
  // notice nothing.
  static Outlet adopt(UniqueFd fd, std::string name);
  static Result<Outlet> standard_output();

  // Writes what the reader has room for: the number of bytes, 0 when it has none.
  Result<size_t> write_some(ByteSpan data);
  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }

 private:
  Outlet(UniqueFd fd, std::string name, bool is_socket)
      : fd_(std::move(fd)), name_(std::move(name)), is_socket_(is_socket) {}
  UniqueFd fd_;
  std::string name_;
  bool is_socket_;
};

}  // namespace cbx::ingest
