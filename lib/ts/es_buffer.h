// The bytes of an elementary stream on their way from packets to samples.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "base/bytes.h"

namespace cbx::ts {

// A byte queue that grows by doubling without touching what it gains, keeps some room in front of its data (so that
// NAL unit lengths can be written in place of shorter start codes), and gives memory back after a burst.
// Offsets count from begin(); they move when bytes are dropped from the front.
class EsBuffer {
 public:
  static constexpr size_t kHeadroom = 256;

  size_t size() const { return end_ - begin_; }
  uint8_t* data() { return memory_.get() + begin_; }
  const uint8_t* data() const { return memory_.get() + begin_; }
  ByteSpan span() const { return {data(), size()}; }
  // Bytes before data() that may be overwritten.
  size_t headroom() const { return begin_; }
  size_t capacity() const { return capacity_; }

  void append(ByteSpan bytes) {
    if (capacity_ - end_ < bytes.size()) make_room(bytes.size());
    if (!bytes.empty()) std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }
  // Forgets the first n bytes.  What stays is moved to the front when that is cheap or needed.
  void drop(size_t n) {
    begin_ += n;
    if (begin_ == end_) {
      begin_ = end_ = kept_headroom();
    } else if (size() <= kCheapMove) {
      compact();
    }
    shrink_after_burst();
  }
  void clear() { drop(size()); }

 private:
  struct Free {
    void operator()(uint8_t* p) const { std::free(p); }
  };
  static constexpr size_t kFirst = 4096;
  static constexpr size_t kCheapMove = 1024;
  static constexpr size_t kSmall = 256 << 10;

  size_t kept_headroom() const { return capacity_ == 0 ? 0 : kHeadroom; }
  void compact() {
    if (begin_ <= kHeadroom) return;
    std::memmove(memory_.get() + kHeadroom, data(), size());
    end_ = kHeadroom + size();
    begin_ = kHeadroom;
  }
  void make_room(size_t more) {
    const size_t need = kHeadroom + size() + more;
    if (need <= capacity_ && begin_ - kHeadroom >= size()) {  // moves no more than was dropped since
      compact();
      return;
    }
    size_t capacity = capacity_ == 0 ? kFirst : capacity_;
    while (capacity < need) capacity += capacity < kSmall ? capacity : capacity / 4;
    if (capacity > capacity_ || begin_ > kHeadroom) reallocate(capacity);
  }
  // The data lies behind the usual headroom afterwards.
  void reallocate(size_t capacity) {
    if (capacity_ == 0) {
      begin_ = end_ = kHeadroom;
    } else {
      compact();
    }
    auto* fresh = static_cast<uint8_t*>(std::realloc(memory_.get(), capacity));
    if (fresh == nullptr) throw std::bad_alloc();
    (void)memory_.release();
    memory_.reset(fresh);
    capacity_ = capacity;
    peak_ = 0;
  }
  // One 8 MB key frame must not hold 8 MB for ever: after a while of small use the memory is given back.
  void shrink_after_burst() {
    if (end_ > peak_) peak_ = end_;
    if (++drops_ < 256) return;
    drops_ = 0;
    const size_t peak = peak_ + size();
    peak_ = 0;
    if (capacity_ > kSmall && peak < capacity_ / 4 && size() + kHeadroom < capacity_ / 4) reallocate(capacity_ / 2);
  }

  std::unique_ptr<uint8_t, Free> memory_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
  size_t peak_ = 0;
  unsigned drops_ = 0;
};

}  // namespace cbx::ts
