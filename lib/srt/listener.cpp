#include "srt/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <srt/srt.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "srt/library.h"

namespace cbx::srt {
namespace {

constexpr int kBacklog = 1024;
// A handshake that was let in and isn't accepted by then has failed (wrong key).
constexpr auto kHandshakeTime = std::chrono::seconds(10);
// A camera with a wrong key calls again and again, and the internet knocks at every port: the same fault of the same
// address is said once in so long, and this many different ones; the rest is for -v.
constexpr auto kRefusalSilence = std::chrono::minutes(10);
constexpr size_t kRefusalsSaid = 64;
// When a key exchange that hasn't led to a connection is called failed.
constexpr auto kHandshakePatience = std::chrono::seconds(3);

}  // namespace

// What the callback decided, kept until the connection is accepted.
struct Listener::Handshakes {
  const Gate& gate;
  const Logger& log;
  std::mutex mutex;
  struct Pending {
    Admission admission;
    Address peer;
    std::chrono::steady_clock::time_point since;
    bool reported = false;
  };
  std::unordered_map<SRTSOCKET, Pending> pending;
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> said;  // refusals, by host and reason

  Handshakes(const Gate& g, const Logger& l) : gate(g), log(l) {}

  static int on_caller(void* opaque, SRTSOCKET socket, int version, const sockaddr* peer, const char* stream_id) {
    return static_cast<Handshakes*>(opaque)->admit(socket, version, Address::from(peer), stream_id ? stream_id : "");
  }

  int admit(SRTSOCKET socket, int version, const Address& peer, std::string_view stream_id) {
    // Version 4 (SRT before 1.3) has neither stream ids nor encryption at this point.
    if (version < 5) {
      srt_setrejectreason(socket, kRejectVersion);
      return -1;
    }
    auto admission = gate.admit(stream_id, peer.host());
    if (!admission) {
      srt_setrejectreason(socket, static_cast<int>(admission.error().code));
      say_refused(peer,
                  fmt::format("refused ({}): {}", static_cast<int>(admission.error().code), admission.error().reason));
      return -1;
    }
    if (!admission->key.empty() && srt_setsockflag(socket, SRTO_PASSPHRASE, admission->key.data(),
                                                   static_cast<int>(admission->key.size())) == SRT_ERROR) {
      srt_setrejectreason(socket, static_cast<int>(Reject::unacceptable));
      log.warn("caller {} refused: the key of device '{}' can't be used: {}", peer.to_string(), admission->device,
               srt_getlasterror_str());
      return -1;
    }
    remember(socket, peer, *std::move(admission));
    return 0;
  }

  void remember(SRTSOCKET socket, const Address& peer, Admission admission) {
    const std::lock_guard lock(mutex);
    pending.insert_or_assign(socket, Pending{std::move(admission), peer, std::chrono::steady_clock::now()});
  }

  // libsrt checks the key after the callback and tells nobody when it is wrong: what was let in and doesn't arrive.
  void look_for_failed() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Pending> failed;
    {
      const std::lock_guard lock(mutex);
      for (auto& [socket, p] : pending)
        if (!p.reported && now - p.since > kHandshakePatience) {
          p.reported = true;
          failed.push_back(p);
        }
      std::erase_if(pending, [&](const auto& p) { return now - p.second.since > kHandshakeTime; });
    }
    for (const Pending& p : failed)
      say_refused(p.peer, fmt::format("did not get in as '{}': {}", p.admission.device,
                                      p.admission.key.empty() ? "it sends a key, and the device has none"
                                                              : "wrong key, or none"));
  }

  void say_refused(const Address& peer, const std::string& what) {
    const bool loud = first_in_a_while(peer.host() + ' ' + what);
    if (loud)
      log.warn("caller {} {}", peer.to_string(), what);
    else
      log.debug("caller {} {}", peer.to_string(), what);
  }

  bool first_in_a_while(const std::string& refusal) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex);
    std::erase_if(said, [&](const auto& s) { return now - s.second > kRefusalSilence; });
    return said.size() < kRefusalsSaid && said.emplace(refusal, now).second;
  }

  std::optional<Admission> take(SRTSOCKET socket) {
    const std::lock_guard lock(mutex);
    auto node = pending.extract(socket);
    if (node.empty()) return std::nullopt;
    return std::move(node.mapped().admission);
  }

  static constexpr int kRejectVersion = 1505;
};

Listener::Listener(Socket socket, Address address, std::unique_ptr<Handshakes> handshakes)
    : address_(address), handshakes_(std::move(handshakes)), socket_(std::move(socket)) {}

Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::open(const ListenUrl& url, const Gate& gate, const Logger& log) {
  CBX_ASSIGN(const Address address, Address::resolve(url.host, url.port));
  CBX_ASSIGN(Socket socket, Socket::create());
  Settings settings;
  if (url.latency_ms) settings.latency_ms = *url.latency_ms;
  CBX_TRY(set_receiver_options(socket, settings));
  // libsrt wants to be told whether [::] is to take IPv4 too.
  if (address.is_ipv6()) CBX_TRY(socket.set(SRTO_IPV6ONLY, url.host.empty() ? 0 : 1, "SRTO_IPV6ONLY"));
  auto handshakes = std::make_unique<Handshakes>(gate, log);
  if (srt_listen_callback(socket.id(), &Handshakes::on_caller, handshakes.get()) == SRT_ERROR)
    return fail(last_error("cannot set the listen callback"));
  if (srt_bind(socket.id(), address.get(), static_cast<int>(address.size())) == SRT_ERROR)
    return fail(last_error(fmt::format("cannot bind UDP {}", address.to_string())));
  if (srt_listen(socket.id(), kBacklog) == SRT_ERROR)
    return fail(last_error(fmt::format("cannot listen on {}", address.to_string())));
  return std::unique_ptr<Listener>(new Listener(std::move(socket), address, std::move(handshakes)));
}

std::optional<Accepted> Listener::accept() {
  while (socket_) {
    sockaddr_storage peer{};
    int size = sizeof peer;
    Socket socket(srt_accept(socket_.id(), reinterpret_cast<sockaddr*>(&peer), &size));
    if (!socket) return std::nullopt;
    auto admission = handshakes_->take(socket.id());
    if (!admission) continue;  // was let in too long ago to be trusted
    return Accepted{std::move(socket), Address::from(reinterpret_cast<const sockaddr*>(&peer)), *std::move(admission)};
  }
  return std::nullopt;
}

void Listener::look_for_failed_handshakes() {
  handshakes_->look_for_failed();
}

void warn_of_small_udp_buffer(const Logger& log) {
  // Not read_file: files of /proc claim to be empty.
  const UniqueFd fd{::open("/proc/sys/net/core/rmem_max", O_RDONLY | O_CLOEXEC)};
  char text[32];
  const ssize_t n = fd ? ::read(fd.get(), text, sizeof text) : -1;
  int granted = 0;
  if (n <= 0 || std::from_chars(text, text + n, granted).ec != std::errc{}) return;
  if (granted < kUdpReceiveBuffer)
    log.warn(
        "the kernel limits UDP receive buffers to {} bytes: bursts of many cameras may be lost and sent again; "
        "'sysctl -w net.core.rmem_max={}' raises it",
        granted, kUdpReceiveBuffer);
}

}  // namespace cbx::srt
