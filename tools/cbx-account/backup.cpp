#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "account.h"
#include "base/file.h"
#include "cli/output.h"
#include "state/state.h"
#include "store/store.h"

namespace cbx::account {
namespace {

struct Options {
  std::string file;
  bool force = false;
};

// Of devices and keys; a thousand of them take less than a megabyte.
constexpr size_t kMostBytes = 256 << 20;

// A file beside state.db for what goes through a pipe, gone again at the end: keys lie in no folder of others.
class PassingFile {
 public:
  explicit PassingFile(const store::Store& store) : path_(fmt::format("{}.pipe.{}", store.state_path(), ::getpid())) {}
  PassingFile(const PassingFile&) = delete;
  PassingFile& operator=(const PassingFile&) = delete;
  ~PassingFile() { (void)::unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<std::string> read_input() {
  std::string content;
  std::array<char, 64 << 10> piece;
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, "cannot read standard input"));
    if (n == 0) return content;
    content.append(piece.data(), static_cast<size_t>(n));
    if (content.size() > kMostBytes) return fail(ErrorCode::data, "standard input is no backup: it is too long");
  }
}

Result<int> backup_to_output(state::State& state, const store::Store& store) {
  if (::isatty(STDOUT_FILENO) == 1)
    return fail(ErrorCode::usage, "a backup is not for a terminal: name a file, or a pipe behind '-'");
  const PassingFile file(store);
  CBX_TRY(state.backup(file.path(), true));
  CBX_ASSIGN(const std::string content, read_file(file.path(), kMostBytes));
  cli::Output out;
  out.write(content);
  CBX_TRY(out.flush());
  return 0;
}

Result<int> backup(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, state::State::open(store.state_path(), false));
  if (options.file == "-") return backup_to_output(state, store);
  CBX_TRY(state.backup(options.file, options.force));
  return 0;
}

Result<int> restore(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  const bool piped = options.file == "-";
  const PassingFile passing(store);
  if (piped) {
    CBX_ASSIGN(const std::string content, read_input());
    CBX_TRY(replace_file(passing.path(), content, 0600));
  }
  const std::string& from = piped ? passing.path() : options.file;
  CBX_TRY(state::State::restore(from, store.state_path(), options.force));
  CBX_ASSIGN(auto state, state::State::open(store.state_path(), false));
  CBX_ASSIGN(const auto devices, state.devices());
  CBX_ASSIGN(const auto users, state.users());
  tool.log().info("restored: {} devices, {} users", devices.size(), users.size());
  return 0;
}

}  // namespace

void add_backup_commands(cli::Tool& tool, const Choose& choose) {
  auto options = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("backup", "Write a copy of state.db");
  sub->add_option("file", options->file, "Where to (- is standard output); made with mode 0600")
      ->required()
      ->type_name("FILE");
  sub->add_flag("--force", options->force, "Replace an existing file");
  sub->callback([&tool, choose, options] { choose([&tool, options] { return backup(tool, *options); }); });

  sub = tool.app().add_subcommand("restore", "Make a backup the store's state.db again");
  sub->add_option("file", options->file, "A file made by 'cbx-account backup' (- is standard input)")
      ->required()
      ->type_name("FILE");
  sub->add_flag("--force", options->force, "Replace the existing state.db");
  sub->callback([&tool, choose, options] { choose([&tool, options] { return restore(tool, *options); }); });
}

}  // namespace cbx::account
