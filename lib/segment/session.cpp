#include "segment/session.h"

#include <algorithm>

#include "segment/recovery.h"

namespace cbx::segment {
namespace {

constexpr size_t kMaxStreams = 20000;

}  // namespace

Session::Session(const Shared& shared, Syncer& syncer) : shared_(shared), syncer_(syncer) {}
Session::~Session() = default;

void Session::on_frame(const frames::Frame& frame) {
  const uint32_t number = frame.header.stream;
  switch (frame.header.kind) {
    case frames::Kind::open:
      on_open(number, as_string(frame.payload));
      break;
    case frames::Kind::data: {
      const auto it = streams_.find(number);
      if (it == streams_.end()) break;  // its open frame was refused, and said so
      it->second.recorder->set_rtt(Micros{frame.header.rtt_us});
      if (frame.header.flags & frames::kFlagLoss) {
        it->second.losses++;
        it->second.demuxer->mark_loss();
      }
      push(it->second, frame.payload, frame.header.arrival);
      break;
    }
    case frames::Kind::record:
      on_record(number, as_string(frame.payload), false);
      break;
    case frames::Kind::close:
      on_record(number, as_string(frame.payload), true);
      close_stream(number, "close");
      break;
  }
}

void Session::on_open(uint32_t number, std::string_view line) {
  auto record = parse_record(line);
  const auto* open = record && *record ? std::get_if<ConnectionOpenRecord>(&**record) : nullptr;
  if (!open) {
    shared_.log.error("stream {} begins without a connection.open record: ignored{}", number,
                      record ? "" : " (" + record.error().message() + ")");
    return;
  }
  if (streams_.contains(number)) {
    shared_.log.warn("stream {} is opened again without having been closed", number);
    close_stream(number, "close");
  }
  if (streams_.size() >= kMaxStreams) {
    shared_.log.error("more than {} streams: '{}' is ignored", kMaxStreams, open->device);
    return;
  }
  shared_.closer.journal(**record);
  open_stream(number, Origin{open->device, "live", open->connection}, std::make_unique<LiveMapper>());
}

void Session::on_record(uint32_t number, std::string_view line, bool closing) {
  const auto it = streams_.find(number);
  if (it == streams_.end()) return;
  auto record = parse_record(line);
  if (!record || !*record) {
    shared_.log.error("stream {} of '{}' sent a bad record: {}", number, it->second.recorder->device(),
                      record ? "unknown type" : record.error().message());
    return;
  }
  if (record_device(**record) != it->second.recorder->device()) {
    shared_.log.error("stream {} of '{}' sent a record of '{}': ignored", number, it->second.recorder->device(),
                      record_device(**record));
    return;
  }
  if (closing && std::holds_alternative<ConnectionCloseRecord>(**record) && it->second.recorder->unsupported()) {
    // Why nothing came of this connection.
    auto& close = std::get<ConnectionCloseRecord>(**record);
    if (close.detail.empty()) close.detail = "its video cannot be recorded";
  }
  shared_.closer.journal(std::move(**record));
}

Session::Stream& Session::open_stream(uint32_t number, Origin origin, std::unique_ptr<TimeMapper> mapper) {
  // What an earlier run left half-written is mended beside the recording; that may take longer than this session lives.
  if (recovered_.insert(origin.device).second)
    shared_.closer.run([shared = shared_, device = origin.device] { recover_device(shared, device); });
  Stream& s = streams_[number];
  s.recorder = std::make_unique<Recorder>(shared_, std::move(origin), std::move(mapper));
  s.demuxer = std::make_unique<ts::Demuxer>(*s.recorder);
  return s;
}

void Session::push(Stream& s, ByteSpan data, WallTime arrival) {
  s.bytes += data.size();
  s.demuxer->push(data, arrival);
  const ts::Stats& stats = s.demuxer->stats();
  s.recorder->set_lost(static_cast<int64_t>(stats.lost_packets + stats.error_packets) + s.losses);
  syncer_.wrote();
}

void Session::close_stream(uint32_t number, const std::string& how) {
  const auto it = streams_.find(number);
  if (it == streams_.end()) return;
  it->second.demuxer->flush();
  it->second.recorder->end(how);
  streams_.erase(it);
}

void Session::open_single(Origin origin, std::unique_ptr<TimeMapper> mapper) {
  open_stream(0, std::move(origin), std::move(mapper));
}

void Session::push_single(ByteSpan data, WallTime arrival) {
  push(streams_.at(0), data, arrival);
}

bool Session::single_unsupported() const {
  const auto it = streams_.find(0);
  return it != streams_.end() && it->second.recorder->unsupported();
}

void Session::tick() {
  for (auto& [number, stream] : streams_) stream.recorder->tick();
}

void Session::end(const std::string& how) {
  while (!streams_.empty()) close_stream(streams_.begin()->first, how);
}

std::vector<Session::StreamStatus> Session::status() const {
  std::vector<StreamStatus> out;
  for (const auto& [number, s] : streams_) {
    const ts::Stats& stats = s.demuxer->stats();
    out.push_back({s.recorder->device(), s.recorder->state(), s.bytes, stats.lost_packets + stats.error_packets});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.device < b.device; });
  return out;
}

}  // namespace cbx::segment
