#include "ingest.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/signals.h"
#include "directory.h"
#include "exec.h"
#include "pull.h"
#include "receiver.h"
#include "sink.h"
#include "srt/library.h"
#include "srt/listener.h"

namespace cbx::ingest {
namespace {

// Everything is drained this often: waking for each packet would cost several times the CPU (DESIGN §6).
constexpr int kBeatMs = 20;
// After TERM: how long a slow reader may take for what is left.
constexpr auto kFarewell = std::chrono::seconds(3);

// What the program is made of, and its loop.
class Ingest {
 public:
  Ingest(const Options& options, const Logger& log, SignalFd signals, RecordLog records)
      : options_(options), log_(log), signals_(std::move(signals)), records_(std::move(records)), library_(log) {}

  Status start(const std::string& state_path);
  Result<int> loop();

 private:
  Status open_output();
  SinkFactory sink_factory();
  Status start_listening();
  void accept_all();
  Status pull();
  void look_around();
  void wait(bool more);
  bool finished() const;
  void say_goodbye();
  Status output_status() const;

  const Options& options_;
  const Logger& log_;
  SystemClock clock_;
  SignalFd signals_;
  RecordLog records_;
  srt::Library library_;
  std::unique_ptr<OutBuffer> frames_;
  std::unique_ptr<Outlet> once_output_;
  std::unique_ptr<Children> children_;
  std::unique_ptr<srt::Gate> gate_;
  std::unique_ptr<Directory> directory_;
  uint64_t directory_version_ = 0;
  std::optional<Pull> pull_;
  std::unique_ptr<Receiver> receiver_;
  std::vector<std::unique_ptr<srt::Listener>> listeners_;
  std::unique_ptr<srt::Poller> callers_;  // tells of publishers that wait at a listener
  bool had_publisher_ = false;
  Monotonic reap_due_{}, handshakes_due_{};
};

Status Ingest::open_output() {
  if (!options_.exec.empty()) {
    children_ = std::make_unique<Children>(options_.exec, log_);
    return {};
  }
  if (::isatty(STDOUT_FILENO) == 1)
    return fail(ErrorCode::usage,
                "standard output is a terminal: the media is for a pipe ('| cbx-segment'), or --exec");
  CBX_ASSIGN(Outlet out, Outlet::standard_output());
  if (options_.once)
    once_output_ = std::make_unique<Outlet>(std::move(out));
  else
    frames_ = std::make_unique<OutBuffer>(std::move(out), kFrameBuffer);
  return {};
}

SinkFactory Ingest::sink_factory() {
  if (frames_)
    return [this](const ConnectionOpenRecord&, uint32_t stream) -> Result<std::unique_ptr<Sink>> {
      return make_frame_sink(*frames_, stream, records_);
    };
  if (children_)
    return [this](const ConnectionOpenRecord&, uint32_t) -> Result<std::unique_ptr<Sink>> {
      return make_exec_sink(*children_, records_);
    };
  return [this](const ConnectionOpenRecord&, uint32_t) -> Result<std::unique_ptr<Sink>> {
    if (!once_output_) return fail(ErrorCode::internal, "a second publisher for --once");
    return make_ts_sink(std::move(*std::exchange(once_output_, nullptr)), records_);
  };
}

Status Ingest::start(const std::string& state_path) {
  CBX_TRY(open_output());
  srt::GateOptions gate;
  gate.admit_unknown = options_.register_auto();
  gate.require_encryption = options_.require_encryption;
  gate.max_connections = options_.max_connections;
  gate.max_per_address = options_.max_per_address;
  gate.max_silent = options_.max_silent.value_or(std::max<size_t>(1, options_.max_connections / 2));
  gate.default_device = options_.device;
  CBX_ASSIGN(gate.default_key, read_passphrase(options_));
  const std::string passphrase = gate.default_key;
  gate_ = std::make_unique<srt::Gate>(std::move(gate));
  CBX_ASSIGN(srt::Poller poller, srt::Poller::create());
  ReceiverOptions receiver;
  receiver.silent_timeout =
      std::chrono::duration_cast<Monotonic::duration>(std::chrono::duration<double>(options_.silent_timeout_s));
  receiver.open_to_all = options_.register_auto() && !options_.once;
  if (options_.register_auto())
    receiver.on_first_data = [this](const std::string& device) {
      if (directory_ && !gate_->table()->contains(device)) directory_->register_device(device);
    };
  receiver_ = std::make_unique<Receiver>(std::move(poller), *gate_, sink_factory(), receiver, clock_, log_);
  if (options_.pull.empty()) {
    directory_ = std::make_unique<Directory>(state_path, options_.register_auto(), *gate_, log_);
    CBX_TRY(start_listening());
  } else {
    CBX_ASSIGN(pull_, Pull::create(options_.pull.front(), options_.device, passphrase, log_));
  }
  notify_ready(options_.ready_fd);
  return {};
}

Status Ingest::start_listening() {
  srt::warn_of_small_udp_buffer(log_);
  CBX_ASSIGN(srt::Poller callers, srt::Poller::create());
  callers_ = std::make_unique<srt::Poller>(std::move(callers));
  for (const std::string& text : options_.listen) {
    CBX_ASSIGN(const srt::ListenUrl url, srt::parse_listen_url(text));
    CBX_ASSIGN(auto listener, srt::Listener::open(url, *gate_, log_));
    CBX_TRY(callers_->add(listener->id()));
    log_.info("listening on {}", listener->address().to_string());
    listeners_.push_back(std::move(listener));
  }
  return {};
}

void Ingest::accept_all() {
  // libsrt throws (and catches) for an accept that finds nobody: too dear for every beat.
  if (callers_->ready().empty()) return;
  for (const auto& listener : listeners_) {
    while (auto accepted = listener->accept()) {
      if (const auto refusal = gate_->over_limit(accepted->peer.host())) {
        log_.debug("caller {} dropped: {}", accepted->peer.to_string(), refusal->reason);
        continue;
      }
      if (options_.once) gate_->shut();
      had_publisher_ = true;
      Arrival arrival;
      arrival.source = make_srt_source(srt::Connection(std::move(accepted->socket), clock_.monotonic()));
      arrival.peer = accepted->peer.to_string();
      arrival.host = accepted->peer.host();
      arrival.protocol = "srt";
      arrival.admission = std::move(accepted->admission);
      receiver_->add(std::move(arrival));
    }
  }
}

// Until the next beat, a signal, or until the reader has room again.
void Ingest::wait(bool more) {
  pollfd fds[2] = {{signals_.fd(), POLLIN, 0}, {-1, POLLOUT, 0}};
  if (frames_ && receiver_->blocked()) fds[1].fd = frames_->fd();
  (void)::poll(fds, 2, more && !receiver_->blocked() ? 0 : kBeatMs);
  signals_.drain();
}

bool Ingest::finished() const {
  return options_.once && had_publisher_ && receiver_->connections() == 0;
}

Status Ingest::pull() {
  if (options_.once && had_publisher_) return {};
  if (auto arrival = pull_->beat(receiver_->connections() > 0, clock_.monotonic())) {
    had_publisher_ = true;
    receiver_->add(*std::move(arrival));
  }
  if (options_.once && pull_->failure()) return fail(*pull_->failure());
  return {};
}

// What changes from outside: devices, children, HUP.
void Ingest::look_around() {
  if (signals_.take_reload() && directory_) directory_->reload();
  if (directory_ && directory_->version() != directory_version_) {
    directory_version_ = directory_->version();
    receiver_->recheck_access();
  }
  if (clock_.monotonic() >= handshakes_due_) {
    for (const auto& listener : listeners_) listener->look_for_failed_handshakes();
    handshakes_due_ = clock_.monotonic() + std::chrono::seconds(1);
  }
  if (children_ && clock_.monotonic() >= reap_due_) {
    children_->reap();
    reap_due_ = clock_.monotonic() + std::chrono::milliseconds(200);
  }
}

Status Ingest::output_status() const {
  if (frames_ && frames_->error()) return fail(*frames_->error());
  return {};
}

Result<int> Ingest::loop() {
  bool more = false;
  while (!signals_.stop_requested()) {
    wait(more);
    if (pull_)
      CBX_TRY(pull());
    else
      accept_all();
    look_around();
    more = receiver_->beat();
    if (frames_) frames_->flush();
    records_.flush();
    CBX_TRY(output_status());
    if (finished()) return 0;
  }
  say_goodbye();
  CBX_TRY(output_status());
  return 0;
}

// Hands over what is there, ends all connections with a record, and leaves a slow reader behind after a while.
void Ingest::say_goodbye() {
  for (const auto& listener : listeners_) listener->close();
  callers_.reset();
  receiver_->end_all("shutdown");
  const auto until = clock_.monotonic() + kFarewell;
  while (clock_.monotonic() < until) {
    const bool more = receiver_->beat();
    if (frames_) frames_->flush();
    records_.flush();
    look_around();
    if (receiver_->connections() == 0 && (!frames_ || frames_->empty()) && (!children_ || children_->none())) return;
    wait(more);
  }
  if (children_) children_->terminate();
  log_.warn("{} too slow: what {} not taken is lost", children_ ? "commands are" : "the reader is",
            children_ ? "they had" : "it had");
}

}  // namespace

Result<int> run(const Options& options, const std::string& state_path, const Logger& log) {
  CBX_TRY(check(options));
  CBX_ASSIGN(SignalFd signals, SignalFd::create());
  CBX_ASSIGN(RecordLog records, RecordLog::open(options.records));
  Ingest ingest(options, log, std::move(signals), std::move(records));
  CBX_TRY(ingest.start(state_path));
  return ingest.loop();
}

}  // namespace cbx::ingest
