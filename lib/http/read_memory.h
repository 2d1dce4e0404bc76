// How much of the files that are on their way to clients may stand in memory.  Private to lib/http.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace cbx::http {

// A common allowance, of which answers take shares.  Thread-safe.
class ReadMemory {
 public:
  explicit ReadMemory(size_t most) : left_(most) {}

  // Gives its bytes back; must not outlive the allowance.
  class Share {
   public:
    Share(ReadMemory& from, size_t bytes) : from_(from), bytes_(bytes) {}
    ~Share() { from_.left_ += bytes_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    ReadMemory& from_;
    size_t bytes_;
  };

  // Null when so much isn't left.
  std::unique_ptr<Share> take(size_t bytes) {
    size_t left = left_.load(std::memory_order_relaxed);
    while (left >= bytes)
      if (left_.compare_exchange_weak(left, left - bytes)) return std::make_unique<Share>(*this, bytes);
    return nullptr;
  }

 private:
  std::atomic<size_t> left_;
};

}  // namespace cbx::http
