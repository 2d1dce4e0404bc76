#include "exec.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

extern char** environ;

namespace cbx::ingest {
namespace {

constexpr size_t kFirstRoom = 64 << 10;

std::vector<std::string> environment_for(const ConnectionOpenRecord& c) {
  std::vector<std::string> env{
      "CBX_DEVICE=" + c.device,
      "CBX_CONNECTION=" + c.connection,
      "CBX_PEER=" + c.peer,
      "CBX_PROTOCOL=" + c.protocol,
      fmt::format("CBX_ENCRYPTION={}", c.encryption),
      fmt::format("CBX_LATENCY_MS={}", c.latency_ms),
  };
  const size_t own = env.size();
  for (char** e = environ; *e; ++e) {
    const std::string_view entry(*e);
    const std::string_view name = entry.substr(0, entry.find('=') + 1);
    const bool replaced = name == "CBX_PASSPHRASE=" ||
                          std::any_of(env.begin(), env.begin() + static_cast<std::ptrdiff_t>(own),
                                      [&](const std::string& o) { return std::string_view(o).starts_with(name); });
    if (!replaced) env.emplace_back(entry);
  }
  return env;
}

// posix_spawn with what this program changed (signal mask, ignored SIGPIPE) put back for the child.
int spawn_shell(pid_t& pid, const std::string& command, int input, std::vector<std::string>& environment) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawnattr_init(&attributes);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string shell = "/bin/sh", flag = "-c", text = command;
  char* argv[] = {shell.data(), flag.data(), text.data(), nullptr};
  std::vector<char*> env;
  for (std::string& e : environment) env.push_back(e.data());
  env.push_back(nullptr);
  const int error = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, env.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

class ExecSink final : public Sink {
 public:
  ExecSink(Children& children, RecordLog& records) : children_(children), records_(records) {}

  bool writable() override { return !out_ || !out_->reserve(kFirstRoom).empty(); }
  void open(const ConnectionOpenRecord& r) override {
    connection_ = r;
    records_.write(r);
  }
  std::span<uint8_t> room() override {
    if (out_) return out_->reserve(kFirstRoom);
    first_.resize(kFirstRoom);
    return first_;
  }
  void data(size_t bytes, const DataInfo&) override {
    if (!out_)
      start(bytes);
    else
      out_->commit(bytes);
    if (out_) out_->flush();
  }
  void link(const LinkRecord& r) override { records_.write(r); }
  void close(const ConnectionCloseRecord& r) override { records_.write(r); }
  const Error* broken() const override {
    // A command that has ended says more than its broken pipe.
    if (child_ && !child_->exited && out_ && out_->error()) children_.reap();
    if (!error_ && child_ && child_->exited) error_.emplace(ErrorCode::io, "the command " + child_->ending);
    if (error_) return &*error_;
    return out_ ? out_->error() : nullptr;
  }
  bool flushed() override {
    if (!out_) return true;
    out_->flush();
    return out_->empty();
  }
  Monotonic::duration patience() const override { return std::chrono::seconds(10); }

 private:
  void start(size_t bytes) {
    UniqueFd input;
    auto child = children_.start(connection_, input);
    if (!child) {
      error_ = child.error();
      return;
    }
    child_ = *std::move(child);
    out_.emplace(Outlet::adopt(std::move(input), "the command"), size_t{128} << 10);
    std::memcpy(out_->reserve(bytes).data(), first_.data(), bytes);
    out_->commit(bytes);
    first_ = Bytes();
  }

  Children& children_;
  RecordLog& records_;
  ConnectionOpenRecord connection_;
  Bytes first_;
  std::shared_ptr<Child> child_;
  std::optional<OutBuffer> out_;
  mutable std::optional<Error> error_;
};

}  // namespace

Result<std::shared_ptr<Child>> Children::start(const ConnectionOpenRecord& connection, UniqueFd& input) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    const int e = errno;
    return fail(os_error(e, "cannot make a pipe", ErrorCode::try_again));
  }
  const UniqueFd output{ends[0]};
  input.reset(ends[1]);
  auto environment = environment_for(connection);
  auto child = std::make_shared<Child>();
  if (const int error = spawn_shell(child->pid, command_, output.get(), environment); error != 0)
    return fail(os_error(error, "cannot run /bin/sh", ErrorCode::try_again));
  children_.push_back(child);
  return child;
}

void Children::reap() {
  std::erase_if(children_, [&](const std::shared_ptr<Child>& child) {
    int status = 0;
    const pid_t pid = ::waitpid(child->pid, &status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno == EINTR)) return false;
    child->exited = true;
    if (pid < 0)
      child->ending = "is gone";
    else if (WIFSIGNALED(status))
      child->ending = fmt::format("was killed by signal {}", WTERMSIG(status));
    else
      child->ending = fmt::format("exited with {}", WEXITSTATUS(status));
    if (pid < 0 || status == 0)
      log_.debug("command of process {} {}", child->pid, child->ending);
    else
      log_.warn("command of process {} {}", child->pid, child->ending);
    return true;
  });
}

void Children::terminate() {
  for (const auto& child : children_) ::kill(-child->pid, SIGTERM);
}

std::unique_ptr<Sink> make_exec_sink(Children& children, RecordLog& records) {
  return std::make_unique<ExecSink>(children, records);
}

}  // namespace cbx::ingest
