#include "attempt.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "media/pull.h"
#include "srt/caller.h"

namespace cbx::ingest {
namespace {

// What the puller may be ahead of a slow reader; then it waits, and the protocol's own flow control holds the sender.
constexpr size_t kMaxQueued = 4 << 20;

class SrtAttempt final : public Attempt {
 public:
  explicit SrtAttempt(srt::Call call) : call_(std::move(call)) {}
  Result<std::unique_ptr<Source>> poll(Monotonic now) override {
    CBX_ASSIGN(std::optional<srt::Socket> socket, call_.poll());
    if (!socket) return std::unique_ptr<Source>();
    return make_srt_source(srt::Connection(*std::move(socket), now));
  }
  std::string peer() const override { return call_.peer().to_string(); }

 private:
  srt::Call call_;
};

// Between the pulling thread and the receiver's loop.  Thread-safe.
class Feed {
 public:
  // On the pulling thread.
  void run(const std::string& url) {
    media::PullOptions options;
    options.stop = [this] { return stop_.load(); };
    auto puller = media::Puller::open(url, options);
    if (!puller) {
      const std::lock_guard lock(mutex_);
      error_ = std::move(puller).error();
      return;
    }
    {
      const std::lock_guard lock(mutex_);
      opened_ = true;
    }
    media::PullEnd end = puller->run([this](ByteSpan data) { return put(data); });
    const std::lock_guard lock(mutex_);
    end_ = std::move(end);
  }
  void stop() {
    stop_ = true;
    const std::lock_guard lock(mutex_);
    room_.notify_all();
  }

  // On the receiver's.
  Result<bool> opened() {
    const std::lock_guard lock(mutex_);
    if (error_) return fail(*error_);
    return opened_;
  }
  // Up to room.size() bytes; `ended` when there will be no more.
  size_t take(std::span<uint8_t> room, bool& ended) {
    const std::lock_guard lock(mutex_);
    const size_t n = std::min(room.size(), queue_.size() - begin_);
    if (n > 0) std::memcpy(room.data(), queue_.data() + begin_, n);
    begin_ += n;
    if (begin_ == queue_.size()) {
      queue_.clear();
      begin_ = 0;
    }
    ended = end_ && queue_.empty();
    room_.notify_all();
    return n;
  }
  bool pending() {
    const std::lock_guard lock(mutex_);
    return !queue_.empty() || end_;
  }
  std::optional<media::PullEnd> end() {
    const std::lock_guard lock(mutex_);
    return end_;
  }

 private:
  Status put(ByteSpan data) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return stop_ || queue_.size() - begin_ < kMaxQueued; });
    if (stop_) return fail(ErrorCode::try_again, "stopped");
    if (begin_ > 0) {
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(begin_));
      begin_ = 0;
    }
    queue_.insert(queue_.end(), data.begin(), data.end());
    return {};
  }

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable room_;
  Bytes queue_;
  size_t begin_ = 0;
  bool opened_ = false;
  std::optional<Error> error_;
  std::optional<media::PullEnd> end_;
};

// The feed and its thread, which is stopped and awaited at the end.
class Fetcher {
 public:
  explicit Fetcher(const std::string& url) : thread_([this, url] { feed_.run(url); }) {}
  ~Fetcher() {
    feed_.stop();
    thread_.join();
  }
  Feed& feed() { return feed_; }

 private:
  Feed feed_;
  std::thread thread_;
};

class MediaSource final : public Source {
 public:
  MediaSource(std::unique_ptr<Fetcher> fetcher, Monotonic now) : fetcher_(std::move(fetcher)), last_data_(now) {}

  srt::Connection::Received receive(std::span<uint8_t> room, Monotonic now) override {
    using Stop = srt::Connection::Stop;
    srt::Connection::Received r;
    bool ended = true;
    if (fetcher_) r.bytes = fetcher_->feed().take(room, ended);
    if (r.bytes > 0) {
      last_data_ = now;
      totals_.bytes += static_cast<int64_t>(r.bytes);
      ++totals_.packets;
    }
    r.stop = ended ? Stop::ended : r.bytes == room.size() ? Stop::full : Stop::drained;
    return r;
  }
  bool pending() const override { return !fetcher_ || fetcher_->feed().pending(); }
  void refresh_stats() override {}
  srt::LinkStats take_stats() override {
    srt::LinkStats since = totals_;
    since.bytes -= reported_.bytes;
    since.packets -= reported_.packets;
    reported_ = totals_;
    return since;
  }
  const srt::LinkStats& totals() const override { return totals_; }
  int rtt_us() const override { return 0; }
  int64_t buffered_packets() const override { return 0; }
  Monotonic last_data() const override { return last_data_; }
  int key_bits() const override { return 0; }
  int latency_ms() const override { return 0; }
  srt::SocketId socket() const override { return srt::kNoSocket; }
  std::string cause() const override { return end().cause; }
  std::string failure() const override { return end().detail; }
  void close() override { fetcher_.reset(); }

 private:
  media::PullEnd end() const {
    std::optional<media::PullEnd> e;
    if (fetcher_) e = fetcher_->feed().end();
    return e.value_or(media::PullEnd{});
  }

  std::unique_ptr<Fetcher> fetcher_;
  Monotonic last_data_;
  srt::LinkStats totals_, reported_;
};

class MediaAttempt final : public Attempt {
 public:
  explicit MediaAttempt(const std::string& url)
      : fetcher_(std::make_unique<Fetcher>(url)), peer_(media::public_url(url)) {}
  Result<std::unique_ptr<Source>> poll(Monotonic now) override {
    CBX_ASSIGN(const bool opened, fetcher_->feed().opened());
    if (!opened) return std::unique_ptr<Source>();
    return std::unique_ptr<Source>(std::make_unique<MediaSource>(std::move(fetcher_), now));
  }
  std::string peer() const override { return peer_; }

 private:
  std::unique_ptr<Fetcher> fetcher_;
  std::string peer_;
};

}  // namespace

Result<Target> check_target(const std::string& url, std::string passphrase) {
  Target target{url, url.substr(0, url.find(':')), std::move(passphrase)};
  if (target.protocol == "srt") {
    CBX_TRY(srt::parse_call_url(url));
  } else if (!media::can_pull(url)) {
    return fail(ErrorCode::usage, fmt::format("cannot fetch from '{}': it is no srt, rtsp, rtmp, http or https URL",
                                              media::public_url(url)));
  }
  return target;
}

Result<std::unique_ptr<Attempt>> start_attempt(const Target& target) {
  if (target.protocol != "srt") return std::unique_ptr<Attempt>(std::make_unique<MediaAttempt>(target.url));
  CBX_ASSIGN(const srt::CallUrl url, srt::parse_call_url(target.url));
  CBX_ASSIGN(srt::Call call, srt::Call::start(url, target.passphrase));
  return std::unique_ptr<Attempt>(std::make_unique<SrtAttempt>(std::move(call)));
}

}  // namespace cbx::ingest
