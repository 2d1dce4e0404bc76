#include "source.h"

namespace cbx::ingest {
namespace {

class SrtSource final : public Source {
 public:
  explicit SrtSource(srt::Connection connection) : connection_(std::move(connection)) {}
  srt::Connection::Received receive(std::span<uint8_t> room, Monotonic now) override {
    return connection_.receive(room, now);
  }
  bool pending() const override { return connection_.holds_back(); }
  void refresh_stats() override { connection_.refresh_stats(); }
  srt::LinkStats take_stats() override { return connection_.take_stats(); }
  const srt::LinkStats& totals() const override { return connection_.totals(); }
  int rtt_us() const override { return connection_.rtt_us(); }
  int64_t buffered_packets() const override { return connection_.buffered_packets(); }
  Monotonic last_data() const override { return connection_.last_data(); }
  int key_bits() const override { return connection_.key_bits(); }
  int latency_ms() const override { return connection_.latency_ms(); }
  srt::SocketId socket() const override { return connection_.id(); }
  void close() override { connection_.close(); }

 private:
  srt::Connection connection_;
};

}  // namespace

std::unique_ptr<Source> make_srt_source(srt::Connection connection) {
  return std::make_unique<SrtSource>(std::move(connection));
}

}  // namespace cbx::ingest
