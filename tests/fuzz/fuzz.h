// What the fuzz targets share: contract checks, input in pieces, a recording to damage.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

// A contract that does not hold ends the run; libFuzzer keeps the input.
#define CBX_CHECK(condition)                                                                \
  do {                                                                                      \
    if (!(condition)) {                                                                     \
      std::fprintf(stderr, "%s:%d: contract broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                         \
    }                                                                                       \
  } while (false)

namespace cbx::fuzz {

// Hands `data` to `use` in pieces whose sizes depend on the last byte: an input that is a plain file stays one.
template <typename Use>
void in_pieces(ByteSpan data, Use&& use) {
  uint32_t seed = data.empty() ? 0 : data.back();
  const uint32_t most = seed % 3 == 0 ? 1316 : seed % 3 == 1 ? 64 : 65536;
  while (!data.empty()) {
    seed = seed * 1103515245 + 12345;
    const size_t n = std::min<size_t>(data.size(), 1 + (seed >> 8) % most);
    use(data.first(n));
    data = data.subspan(n);
  }
}

// Takes values off the front of an input; zeros when it is used up.
class Input {
 public:
  explicit Input(ByteSpan data) : data_(data) {}
  bool empty() const { return data_.empty(); }
  uint8_t u8() { return static_cast<uint8_t>(number(1)); }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  ByteSpan bytes(size_t n) {
    const ByteSpan taken = data_.first(std::min(n, data_.size()));
    data_ = data_.subspan(taken.size());
    return taken;
  }
  ByteSpan rest() { return bytes(data_.size()); }

 private:
  uint64_t number(size_t n) {
    uint64_t v = 0;
    for (const uint8_t b : bytes(n)) v = v << 8 | b;
    return v;
  }
  ByteSpan data_;
};

// A folder in memory where there is such a place, removed at the end of the run.
class Scratch {
 public:
  Scratch() {
    const std::string base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    std::string name = base + "/cbx-fuzz-XXXXXX";
    CBX_CHECK(::mkdtemp(name.data()));
    path_ = name;
  }
  ~Scratch() { (void)!std::system(("rm -rf '" + path_ + "'").c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  CBX_CHECK(fd >= 0);
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    CBX_CHECK(n > 0);
    content.remove_prefix(static_cast<size_t>(n));
  }
  ::close(fd);
}

// Messages go to terminals: no control character of a stranger's in them.
inline bool is_clean(std::string_view message) {
  return std::none_of(message.begin(), message.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace cbx::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
