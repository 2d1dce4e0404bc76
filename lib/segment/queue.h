// Samples that wait for their successor: their duration is known only when the next one comes, and a cut waits until
// audio reaches it.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "codec/track.h"

namespace cbx::segment {

using codec::Pts90k;

// A copied sample on the stream's continuous time line: jumps of the stream's own time stamps are taken out, `base`
// says by how much (stream time = dts - base).
struct QueuedSample {
  Pts90k dts = 0, pts = 0, base = 0;
  int64_t duration = 0;  // audio, in its own ticks
  bool key = false, recovery_point = false;
  std::shared_ptr<const codec::TrackConfig> config;  // in force for this sample
  Bytes data;
};

// Keeps the buffers of popped samples, so that a running stream allocates nothing.  Not thread-safe.
class SampleQueue {
 public:
  QueuedSample& push(ByteSpan data) {
    QueuedSample s;
    if (!spare_.empty()) {
      s.data = std::move(spare_.back());
      spare_.pop_back();
    }
    s.data.assign(data.begin(), data.end());
    bytes_ += sizeof s + data.size();
    queue_.push_back(std::move(s));
    return queue_.back();
  }
  void pop() {
    Bytes data = std::move(queue_.front().data);
    bytes_ -= sizeof(QueuedSample) + data.size();
    queue_.pop_front();
    if (spare_.size() < kSpares && data.capacity() <= kSpareBytes) spare_.push_back(std::move(data));
  }
  void clear() {
    while (!empty()) pop();
  }
  bool empty() const { return queue_.empty(); }
  size_t size() const { return queue_.size(); }
  // With what the samples take beside their data: tiny ones cost memory, too.
  size_t bytes() const { return bytes_; }
  QueuedSample& front() { return queue_.front(); }
  const QueuedSample& operator[](size_t i) const { return queue_[i]; }
  const QueuedSample& back() const { return queue_.back(); }
  // From the first to the last sample, in ticks.
  Pts90k span() const { return queue_.empty() ? 0 : queue_.back().dts - queue_.front().dts; }

 private:
  static constexpr size_t kSpares = 3, kSpareBytes = 256 << 10;
  std::deque<QueuedSample> queue_;
  std::vector<Bytes> spare_;
  size_t bytes_ = 0;
};

}  // namespace cbx::segment
