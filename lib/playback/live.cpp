#include "playback/live.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/device_id.h"
#include "playback/live_follower.h"

namespace cbx::playback {
namespace {

// What happens within so short a time is looked at together.
constexpr int kGatherMs = 10;
constexpr int kTickMs = 100;

// A view, and its text once somebody has asked for it.
struct Moment {
  explicit Moment(std::shared_ptr<const LiveView> v) : view(std::move(v)) {}
  const std::shared_ptr<const LiveView> view;
  std::once_flag once;
  std::shared_ptr<const std::string> hls;
};

class Stream final : public LiveStream {
 public:
  explicit Stream(std::shared_ptr<Broadcast> changed) : changed_(std::move(changed)) {}
  std::shared_ptr<const LiveView> view() const override {
    const auto m = moment();
    return m ? m->view : nullptr;
  }
  std::shared_ptr<const std::string> hls() const override {
    const auto m = moment();
    if (!m) return nullptr;
    std::call_once(m->once, [&] { m->hls = std::make_shared<const std::string>(hls_live(*m->view)); });
    return m->hls;
  }
  std::shared_ptr<Broadcast> changed() const override { return changed_; }

  void show(std::shared_ptr<const LiveView> view) {
    auto moment = std::make_shared<Moment>(std::move(view));
    const std::lock_guard lock(mutex_);
    moment_ = std::move(moment);
  }

 private:
  std::shared_ptr<Moment> moment() const {
    const std::lock_guard lock(mutex_);
    return moment_;
  }
  const std::shared_ptr<Broadcast> changed_;
  mutable std::mutex mutex_;
  std::shared_ptr<Moment> moment_;
};

// A device that somebody asked for.
struct Watched {
  explicit Watched(std::string name) : device(std::move(name)) {}
  const std::string device;
  const std::shared_ptr<Broadcast> changed = std::make_shared<Broadcast>();
  std::unique_ptr<LiveFollower> follower;  // the thread's own
  // Under the hub's mutex:
  std::shared_ptr<Stream> stream;  // while it is being recorded
  bool looked = false;             // for the first time
  std::optional<Error> error;      // of that look
  Monotonic asked{};
};

}  // namespace

struct LiveHub::Impl {
  Impl(store::Store s, Options o, const Clock& c, const Logger& l)
      : store(std::move(s)), options(o), clock(c), log(l), wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    thread = std::thread([this] { run(); });
  }
  ~Impl();

  Result<std::shared_ptr<Watched>> ask(std::string_view device);
  void run();
  void rest(bool anything);
  void begin_new();
  void look(bool time_passed);
  void publish(Watched& w);
  void forget();
  void rouse() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake.get(), &one, sizeof(one));
  }
  std::vector<std::shared_ptr<Watched>> all() const {
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<Watched>> out;
    for (const auto& [name, w] : devices) out.push_back(w);
    return out;
  }

  const store::Store store;
  const Options options;
  const Clock& clock;
  const Logger& log;
  FolderEvents folders{options.notified};
  const LiveFollower::Shared shared{store, options, clock, log, folders};
  const UniqueFd wake;

  mutable std::mutex mutex;
  std::condition_variable looked;
  std::map<std::string, std::shared_ptr<Watched>, std::less<>> devices;
  bool stop = false;
  std::thread thread;
};

LiveHub::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  looked.notify_all();
  rouse();
  thread.join();
}

Result<std::shared_ptr<Watched>> LiveHub::Impl::ask(std::string_view device) {
  CBX_ASSIGN(std::string name, check_device_id(device));
  std::unique_lock lock(mutex);
  std::shared_ptr<Watched>& place = devices[name];
  const bool fresh = !place;
  if (fresh) place = std::make_shared<Watched>(name);
  const std::shared_ptr<Watched> w = place;
  w->asked = clock.monotonic();
  if (fresh) rouse();
  looked.wait(lock, [&] { return w->looked || stop; });
  if (!w->looked) return fail(ErrorCode::unavailable, "about to end");
  if (w->error) return fail(*w->error);
  return w;
}

void LiveHub::Impl::run() {
  Monotonic ticked = std::chrono::steady_clock::now();
  bool anything = false;
  while (true) {
    rest(anything);
    {
      const std::lock_guard lock(mutex);
      if (stop) return;
      anything = !devices.empty();
    }
    folders.read();
    // In real time: the clock that is handed in may stand still.
    const Monotonic now = std::chrono::steady_clock::now();
    const bool time_passed = now - ticked >= Millis{kTickMs};
    if (time_passed) ticked = now;
    begin_new();
    look(time_passed);
    if (time_passed) forget();
  }
}

// Until something happens, somebody asks for another device, or it is time to look by itself.
void LiveHub::Impl::rest(bool anything) {
  pollfd fds[] = {{wake.get(), POLLIN, 0}, {folders.fd(), POLLIN, 0}};
  (void)::poll(fds, 2, anything ? kTickMs : -1);
  if (fds[1].revents != 0 && fds[0].revents == 0) (void)::poll(fds, 1, kGatherMs);
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(wake.get(), &count, sizeof(count));
}

void LiveHub::Impl::begin_new() {
  for (const auto& w : all()) {
    if (w->follower) continue;
    w->follower = std::make_unique<LiveFollower>(shared, w->device);
    const Status begun = w->follower->begin();
    publish(*w);
    {
      const std::lock_guard lock(mutex);
      w->looked = true;
      if (!begun) {
        w->error = begun.error();
        devices.erase(w->device);
      }
    }
    // Here, whoever else still has it in hand.
    if (!begun) w->follower.reset();
    looked.notify_all();
  }
}

void LiveHub::Impl::look(bool time_passed) {
  for (const auto& w : all()) {
    if (w->follower && w->follower->look(time_passed)) publish(*w);
  }
}

void LiveHub::Impl::publish(Watched& w) {
  const auto view = w.follower->view();
  {
    const std::lock_guard lock(mutex);
    if (!view) {
      w.stream.reset();
    } else {
      if (!w.stream) w.stream = std::make_shared<Stream>(w.changed);
      w.stream->show(view);
    }
  }
  w.changed->announce();
}

void LiveHub::Impl::forget() {
  const Monotonic now = clock.monotonic();
  std::vector<std::shared_ptr<Watched>> gone;
  {
    const std::lock_guard lock(mutex);
    std::erase_if(devices, [&](const auto& entry) {
      const bool old = entry.second->looked && now - entry.second->asked >= options.forget;
      if (old) gone.push_back(entry.second);
      return old;
    });
  }
  // Here, whoever else still has it in hand.
  for (const auto& w : gone) w->follower.reset();
}

LiveHub::LiveHub(store::Store store, Options options, const Clock& clock, const Logger& log)
    : impl_(std::make_unique<Impl>(std::move(store), options, clock, log)) {}
LiveHub::~LiveHub() = default;

Result<std::shared_ptr<LiveStream>> LiveHub::watch(std::string_view device) {
  CBX_ASSIGN(const auto w, impl_->ask(device));
  const std::lock_guard lock(impl_->mutex);
  return std::shared_ptr<LiveStream>(w->stream);
}

Result<std::shared_ptr<Broadcast>> LiveHub::changed(std::string_view device) {
  CBX_ASSIGN(const auto w, impl_->ask(device));
  return w->changed;
}

size_t LiveHub::watched() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->devices.size();
}

size_t LiveHub::live() const {
  const std::lock_guard lock(impl_->mutex);
  size_t n = 0;
  for (const auto& [name, w] : impl_->devices) n += w->stream != nullptr;
  return n;
}

}  // namespace cbx::playback
