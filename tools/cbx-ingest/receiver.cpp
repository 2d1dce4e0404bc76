#include "receiver.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>

namespace cbx::ingest {
namespace {

// Frames of one connection in one turn: it catches up after a line cut without keeping the others waiting.
constexpr int kFramesPerTurn = 4;
// Of a connection that has yet to take its device over.
constexpr size_t kHeldBytes = 64 << 10;
constexpr auto kStatsEvery = std::chrono::seconds(1);
constexpr auto kMinute = std::chrono::minutes(1);
constexpr auto kPeerIdle = std::chrono::milliseconds(srt::kPeerIdleTimeoutMs);

}  // namespace

struct Receiver::Live {
  std::unique_ptr<Source> source;
  std::unique_ptr<Sink> sink;
  srt::Admission admission;
  std::string host;
  ConnectionOpenRecord open;
  Monotonic since{};
  WallTime link_from{};
  Monotonic stats_due{};
  Monotonic ended_at{};
  std::string cause, detail;  // why it ends, empty while it doesn't
  std::string predecessor;    // connection that must be finished before this one is announced
  Bytes held;                 // its first bytes, until it has taken its device over
  bool held_loss = false;
  bool holds = false;  // its device; until then it is silent and nobody hears of it
  bool announced = false, ready = false, more = false, spoke = false, drained = false, closed = false, done = false;
};

Receiver::Receiver(srt::Poller poller, srt::Gate& gate, SinkFactory make_sink, ReceiverOptions options,
                   const Clock& clock, const Logger& log)
    : poller_(std::move(poller)),
      gate_(gate),
      make_sink_(std::move(make_sink)),
      options_(options),
      clock_(clock),
      log_(log) {}

Receiver::~Receiver() = default;

void Receiver::end(Live& live, std::string_view cause, std::string detail) {
  if (!live.cause.empty()) return;
  live.cause = cause;
  live.detail = std::move(detail);
  live.ended_at = clock_.monotonic();
}

void Receiver::add(Arrival arrival) {
  auto live = std::make_unique<Live>();
  const WallTime wall = clock_.wall();
  live->source = std::move(arrival.source);
  live->admission = std::move(arrival.admission);
  live->host = std::move(arrival.host);
  live->since = clock_.monotonic();
  live->stats_due = live->since;
  live->link_from = wall;
  live->open.device = live->admission.device;
  live->open.time = floor_ms(wall);
  live->open.connection = make_connection_id(wall);
  live->open.peer = std::move(arrival.peer);
  live->open.protocol = std::move(arrival.protocol);
  live->open.encryption = live->source->key_bits();
  live->open.latency_ms = live->source->latency_ms();
  auto sink = make_sink_(live->open, next_stream_);
  if (!sink) {
    log_.error("connection of '{}' from {} dropped: {}", live->open.device, live->open.peer, sink.error().message());
    return;
  }
  live->sink = *std::move(sink);
  ++next_stream_;
  if (live->source->socket() != srt::kNoSocket) {
    if (const Status added = poller_.add(live->source->socket()); !added) {
      log_.error("{}", added.error().message());
      return;
    }
    by_socket_[live->source->socket()] = live.get();
  }
  if (!live->host.empty()) gate_.opened(live->host);
  // A caller that never sends must not cut a working camera, nor leave records of a name it made up.
  const bool known = !options_.open_to_all || gate_.table()->contains(live->open.device);
  if (known && !by_device_.contains(live->open.device)) {
    live->holds = true;
    by_device_[live->open.device] = live.get();
  }
  live_.push_back(std::move(live));
}

void Receiver::mark_ready() {
  for (const srt::SocketId id : poller_.ready()) {
    const auto it = by_socket_.find(id);
    if (it != by_socket_.end()) it->second->ready = true;
  }
}

bool Receiver::beat() {
  const Monotonic now = clock_.monotonic();
  const WallTime wall = clock_.wall();
  mark_ready();
  blocked_ = false;
  bool more = false;
  const size_t n = live_.size();
  const size_t first = n == 0 ? 0 : first_ % n;
  for (size_t k = 0; k < n; ++k) {
    const size_t i = (first + k) % n;
    Live& live = *live_[i];
    police(live, now);
    const Turn turn = serve(live, now, wall);
    if (turn == Turn::more) more = true;
    if (turn == Turn::blocked && !blocked_) {
      blocked_ = true;
      first_ = i;
    }
  }
  sweep();
  return more;
}

// Ends what has to end by itself.
void Receiver::police(Live& live, Monotonic now) {
  if (now < live.stats_due) return;
  live.stats_due = now + kStatsEvery;
  live.source->refresh_stats();
  // A reader that holds us up is no silence of the peer's.
  if (!live.ready && !live.more && now - live.source->last_data() > options_.silent_timeout)
    end(live, "silent", live.spoke ? "no data any more" : "no data at all");
}

Receiver::Turn Receiver::serve(Live& live, Monotonic now, WallTime wall) {
  const bool link_due = wall >= std::chrono::floor<std::chrono::minutes>(live.link_from) + kMinute;
  if (live.announced && !live.ready && !live.more && !link_due && live.cause.empty() && !live.source->pending())
    return Turn::done;
  if (!live.predecessor.empty()) {
    const bool waits = std::any_of(live_.begin(), live_.end(), [&](const auto& other) {
      return !other->done && other->open.connection == live.predecessor;
    });
    if (waits) return Turn::more;
    live.predecessor.clear();
  }
  if (const Error* error = live.sink->broken(); error && live.cause != "reader_closed") {
    live.cause = "reader_closed";
    live.detail = error->message();
    live.ended_at = now;
  } else if (!live.cause.empty() && !live.drained && now - live.ended_at > live.sink->patience()) {
    live.cause = "reader_closed";
    live.detail = "the reader takes nothing";
  }
  if (live.cause == "reader_closed") live.drained = true;
  Turn turn = live.drained ? Turn::done : hand_over(live, now, wall);
  if (turn == Turn::blocked) return turn;
  if (!live.drained && !live.sink->writable() && !live.sink->broken()) return Turn::blocked;
  if (link_due && live.announced) report_link(live, wall);
  if (live.drained) {
    finish(live, wall);
    if (!live.done) return Turn::blocked;
  }
  return turn;
}

// With its first data a connection takes its device over from the one that had it.  False while nothing has come.
bool Receiver::take_device(Live& live, Monotonic now, WallTime wall) {
  if (!live.ready && !live.more && !live.source->pending() && live.cause.empty()) return false;
  live.held.resize(kHeldBytes);
  const auto received = live.source->receive(live.held, now);
  live.held.resize(received.bytes);
  live.held_loss = received.after_loss;
  if (live.held.empty()) {
    note_stop(live, received.stop, now);
    return false;
  }
  live.more = true;  // what ended meanwhile says so again
  live.holds = true;
  live.open.time = floor_ms(wall);
  live.since = now;
  live.link_from = wall;
  Live*& holder = by_device_[live.open.device];
  if (holder) {
    end(*holder, "replaced", fmt::format("by {}", live.open.connection));
    live.predecessor = holder->open.connection;
  }
  holder = &live;
  return true;
}

void Receiver::give_held(Live& live, WallTime wall) {
  const auto room = live.sink->room();
  const size_t n = std::min(room.size(), live.held.size());
  std::copy_n(live.held.begin(), n, room.begin());
  live.held.erase(live.held.begin(), live.held.begin() + static_cast<ptrdiff_t>(n));
  give(live, n, live.held_loss, wall);
  live.held_loss = false;
}

// The sink's room has `bytes` of the connection's now.
void Receiver::give(Live& live, size_t bytes, bool after_loss, WallTime wall) {
  live.sink->data(bytes, {after_loss, wall, live.source->rtt_us()});
  if (!live.spoke && !live.host.empty()) gate_.spoke();
  if (!live.spoke && options_.on_first_data) options_.on_first_data(live.open.device);
  live.spoke = true;
}

// True if there is no more to receive for now.
bool Receiver::note_stop(Live& live, srt::Connection::Stop stop, Monotonic now) {
  using Stop = srt::Connection::Stop;
  if (stop != Stop::drained && stop != Stop::ended) return false;
  live.ready = live.more = false;
  if (stop == Stop::ended) {
    const bool lost = now - live.source->last_data() >= kPeerIdle - std::chrono::seconds(1);
    const std::string cause = live.source->cause();
    end(live, !cause.empty() ? cause : lost ? "peer_lost" : "peer_closed", live.source->failure());
  }
  live.drained = !live.cause.empty();
  return true;
}

// Moves what has come in to the sink.
Receiver::Turn Receiver::hand_over(Live& live, Monotonic now, WallTime wall) {
  if (!live.holds) {
    if (!take_device(live, now, wall)) return Turn::done;
    if (!live.predecessor.empty()) return Turn::more;
  }
  for (int i = 0; i < kFramesPerTurn; ++i) {
    if (!live.sink->writable()) return live.sink->broken() ? Turn::more : Turn::blocked;
    if (!live.announced) {
      live.announced = true;
      live.sink->open(live.open);
      log_.info("'{}' connected from {} ({}, {})", live.open.device, live.open.peer, live.open.protocol,
                live.open.encryption ? fmt::format("AES-{}", live.open.encryption) : "not encrypted");
    }
    if (!live.held.empty()) {
      give_held(live, wall);
      continue;
    }
    if (!live.ready && !live.more && !live.source->pending() && live.cause.empty()) return Turn::done;
    const auto received = live.source->receive(live.sink->room(), now);
    if (received.bytes > 0) give(live, received.bytes, received.after_loss, wall);
    if (note_stop(live, received.stop, now)) return Turn::done;
  }
  live.more = true;
  return Turn::more;
}

void Receiver::report_link(Live& live, WallTime wall) {
  live.source->refresh_stats();
  const srt::LinkStats s = live.source->take_stats();
  LinkRecord r;
  r.device = live.open.device;
  r.time = floor_ms(live.link_from);
  r.connection = live.open.connection;
  r.duration_ms = std::max<int64_t>(0, std::chrono::floor<Millis>(wall - live.link_from).count());
  r.bytes = s.bytes;
  r.packets = s.packets;
  r.bit_rate = r.duration_ms > 0 ? s.bytes * 8000 / r.duration_ms : 0;
  r.missing = s.missing;
  r.retransmitted = s.retransmitted;
  r.lost = s.lost;
  r.rtt_ms = (live.source->rtt_us() + 500) / 1000;
  r.buffer_ms = s.packets > 0 ? static_cast<int>(live.source->buffered_packets() * r.duration_ms / s.packets) : 0;
  live.link_from = wall;
  live.sink->link(r);
  if (s.lost > 0) log_.warn("'{}': {} packets were lost for good in the last minute", r.device, s.lost);
}

// The last words of a connection; `done` once its sink has let go of everything.
void Receiver::finish(Live& live, WallTime wall) {
  if (!live.closed) {
    if (live.announced) {
      report_link(live, wall);
      const srt::LinkStats& t = live.source->totals();
      ConnectionCloseRecord r;
      r.device = live.open.device;
      r.time = floor_ms(wall);
      r.connection = live.open.connection;
      r.cause = live.cause;
      r.detail = live.detail;
      r.duration_ms = std::chrono::floor<Millis>(clock_.monotonic() - live.since).count();
      r.bytes = t.bytes;
      r.packets = t.packets;
      r.lost = t.lost;
      live.sink->close(r);
      log_.info("'{}' from {} ended: {}{}{}", live.open.device, live.open.peer, live.cause,
                live.detail.empty() ? "" : ", ", live.detail);
    } else {
      log_.debug("'{}' from {} ended and had sent nothing", live.open.device, live.open.peer);
    }
    if (live.source->socket() != srt::kNoSocket) {
      poller_.remove(live.source->socket());
      by_socket_.erase(live.source->socket());
    }
    live.source->close();
    live.closed = true;
  }
  live.done = live.sink->broken() || live.sink->flushed() || clock_.monotonic() - live.ended_at > live.sink->patience();
}

void Receiver::sweep() {
  std::erase_if(live_, [&](const std::unique_ptr<Live>& live) {
    if (!live->done) return false;
    if (!live->host.empty()) gate_.closed(live->host, live->spoke);
    const auto it = by_device_.find(live->open.device);
    if (it != by_device_.end() && it->second == live.get()) by_device_.erase(it);
    return true;
  });
}

void Receiver::recheck_access() {
  for (const auto& live : live_)
    if (!live->host.empty() && !gate_.still_valid(live->admission))
      end(*live, "revoked", "the device or its key was changed");
}

void Receiver::end_all(std::string_view cause) {
  for (const auto& live : live_) end(*live, cause);
}

std::string make_connection_id(WallTime now) {
  uint64_t random = 0;
  // getrandom of so few bytes neither fails nor is cut short once the kernel is up.
  (void)!::getrandom(&random, sizeof random, 0);
  return fmt::format("{:011x}{:010x}", static_cast<uint64_t>(now.time_since_epoch().count() / 1000),
                     random & 0xffffffffffULL);
}

}  // namespace cbx::ingest
