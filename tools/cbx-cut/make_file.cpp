// A range that has an end, into a file or to standard output.
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "cli/output.h"
#include "cut.h"
#include "cut/digest.h"
#include "output_file.h"
#include "progress.h"

namespace cbx::cut_tool {
namespace {

constexpr size_t kBlock = 1 << 20;
constexpr int kPollMs = 20;

bool is_folder(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

std::string user_name() {
  const passwd* user = ::getpwuid(::getuid());
  return user ? user->pw_name : fmt::format("uid {}", ::getuid());
}

struct Names {
  std::string cut, manifest;  // "-" and "" are possible
};

Result<Names> choose_names(const CommandLine& line, const cut::Cut& cut) {
  Names names;
  names.cut = line.output.empty() ? cut.file_name() : line.output;
  if (names.cut != "-" && is_folder(names.cut))
    names.cut += (names.cut.ends_with('/') ? "" : "/") + cut.file_name();
  else if (names.cut.ends_with('/'))
    return fail(ErrorCode::cannot_create, fmt::format("'{}' is no folder", names.cut));
  if (!line.no_manifest)
    names.manifest = !line.manifest.empty() ? line.manifest : names.cut == "-" ? "" : names.cut + ".manifest";
  if (line.force || line.dry_run) return names;
  std::vector<std::string> made{names.cut};
  if (!names.manifest.empty()) made.push_back(names.manifest);
  if (!line.sign.empty()) made.insert(made.end(), {names.manifest + ".sig", names.manifest + ".pub"});
  for (const std::string& name : made)
    if (name != "-" && exists(name))
      return fail(ErrorCode::cannot_create, fmt::format("'{}' exists (use --force to overwrite it)", name));
  return names;
}

// Reads the sources whole while they are copied by another thread, so that most of it comes out of the page cache.
class SourceCheck {
 public:
  SourceCheck(const store::Store& store, const cut::Cut& cut) : hashes_(cut.sources().size()) {
    thread_ = std::thread([this, store, &cut] {
      for (size_t i = 0; i < cut.sources().size() && !stop_; ++i)
        if (auto hash = cut::hash_source(store, cut.sources()[i])) hashes_[i] = std::move(*hash);
      done_ = true;
    });
  }
  ~SourceCheck() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  SourceCheck(const SourceCheck&) = delete;
  SourceCheck& operator=(const SourceCheck&) = delete;
  Result<std::vector<std::string>> take(SignalFd& signals) {
    while (!done_) {
      pollfd wait{signals.fd(), POLLIN, 0};
      (void)::poll(&wait, 1, kPollMs);
      signals.drain();
      if (signals.stop_requested()) return fail(ErrorCode::try_again, "stopped before the end");
    }
    thread_.join();
    return std::move(hashes_);
  }

 private:
  std::vector<std::string> hashes_;
  std::atomic<bool> stop_ = false, done_ = false;
  std::thread thread_;
};

// Hands every block to `write`; the SHA-256 of all.
Result<std::string> copy(const cut::Cut& cut, SignalFd& signals, const std::function<Status(ByteSpan)>& write) {
  ProgressBar bar;
  cut::Digest digest;
  Bytes block(kBlock);
  for (uint64_t at = 0; at < cut.size();) {
    CBX_ASSIGN(const size_t n, cut.read_at(at, block));
    const ByteSpan data = ByteSpan(block).first(n);
    digest.update(data);
    CBX_TRY(write(data));
    at += n;
    bar.draw(at, cut.size());
    signals.drain();
    if (signals.stop_requested()) return fail(ErrorCode::try_again, "stopped before the end");
  }
  return digest.finish();
}

Status write_small(const std::string& path, std::string_view text, bool force) {
  CBX_ASSIGN(auto file, OutputFile::create(path, 0, force));
  CBX_TRY(file.write(as_bytes(text)));
  return file.commit();
}

Status write_manifest(const CommandLine& line, const std::string& path, const std::string& text,
                      const std::optional<cut::SigningKey>& key) {
  CBX_TRY(write_small(path, text, line.force));
  if (!key) return {};
  CBX_ASSIGN(const std::string signature, key->sign(text));
  CBX_TRY(write_small(path + ".sig", signature, line.force));
  return write_small(path + ".pub", key->public_pem(), line.force);
}

std::string record(const cut::Cut& cut, const Names& names, const std::string& sha256, bool dry_run) {
  nlohmann::ordered_json gaps = nlohmann::ordered_json::array();
  for (const cut::Hole& h : cut.holes())
    gaps.push_back(
        {{"start", format_rfc3339(h.range.from)}, {"duration_ms", h.range.length().count()}, {"cause", h.cause}});
  nlohmann::ordered_json j{{"v", 1},
                           {"type", "cut"},
                           {"device", cut.device()},
                           {"from", format_rfc3339(cut.covered().from)},
                           {"to", format_rfc3339(cut.covered().to)},
                           {"duration_ms", cut.duration_ms()},
                           {"path", names.cut},
                           {"bytes", cut.size()},
                           {"sources", cut.sources().size()},
                           {"gaps", std::move(gaps)}};
  if (!sha256.empty()) j["sha256"] = sha256;
  if (!names.manifest.empty()) j["manifest"] = names.manifest;
  if (dry_run) j["dry_run"] = true;
  return j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Standard output has the cut, or tells of it.
Status tell(const cli::Tool& tool, const cut::Cut& cut, const Names& names, const std::string& sha256, bool dry_run) {
  if (names.cut == "-" && !dry_run) return {};
  cli::Output out;
  if (tool.json())
    out.line(record(cut, names, sha256, dry_run));
  else if (dry_run)
    out.line(fmt::format("{}  {}, {}, {} files, {} gaps", names.cut, cli::human_duration(Millis{cut.duration_ms()}),
                         cli::human_bytes(static_cast<int64_t>(cut.size())), cut.sources().size(), cut.holes().size()));
  else
    out.line(names.cut);
  return out.flush();
}

bool sources_differ(const cli::Tool& tool, const cut::Cut& cut, const std::vector<std::string>& read_again) {
  bool differ = false;
  for (size_t i = 0; i < read_again.size(); ++i) {
    const cut::Source& s = cut.sources()[i];
    if (read_again[i].empty() || s.sha256.empty() || read_again[i] == s.sha256) continue;
    tool.log().warn("'{}' is not what was recorded: its hash differs", s.path);
    differ = true;
  }
  return differ;
}

void warn_of_gaps(const cli::Tool& tool, const Job& job, const cut::Cut& cut) {
  const UtcOffset offset = job.store.utc_offset();
  for (const cut::Hole& h : cut.holes())
    tool.log().warn("missing: {}..{} ({}{}{})", cli::human_time(h.range.from, offset),
                    cli::human_time(h.range.to, offset), h.cause, h.detail.empty() ? "" : ": ", h.detail);
}

}  // namespace

Result<int> make_file(const cli::Tool& tool, const CommandLine& line, SignalFd& signals, Job& job) {
  std::optional<cut::SigningKey> key;
  if (!line.sign.empty()) {
    CBX_ASSIGN(key, cut::SigningKey::load(line.sign));
  }
  CBX_ASSIGN(const auto cut, cut::plan(job.index, job.device, job.range));
  warn_of_gaps(tool, job, *cut);
  CBX_ASSIGN(const Names names, choose_names(line, *cut));
  if (line.strict && !cut->holes().empty()) {
    tool.log().error("something is missing, so nothing was made (--strict)");
    return 1;
  }
  if (line.dry_run) {
    CBX_TRY(tell(tool, *cut, names, "", true));
    return 0;
  }
  cut::Request request{user_name(), floor_ms(SystemClock{}.wall()), "cbx-cut " CBX_VERSION, job.nickname, "", {}};
  std::optional<SourceCheck> check;
  if (!names.manifest.empty() && !line.no_check) check.emplace(job.store, *cut);
  std::string sha256;
  if (names.cut == "-") {
    CBX_ASSIGN(sha256,
               copy(*cut, signals, [](ByteSpan data) { return write_all(STDOUT_FILENO, data, "standard output"); }));
  } else {
    request.file_name = base_name(names.cut);
    CBX_ASSIGN(auto file, OutputFile::create(names.cut, cut->size(), line.force));
    CBX_ASSIGN(sha256, copy(*cut, signals, [&](ByteSpan data) { return file.write(data); }));
    if (check) {
      CBX_ASSIGN(request.read_again, check->take(signals));
    }
    CBX_TRY(file.commit());
  }
  if (check && names.cut == "-") {
    CBX_ASSIGN(request.read_again, check->take(signals));
  }
  if (!names.manifest.empty())
    CBX_TRY(write_manifest(line, names.manifest, cut::manifest(*cut, job.store, request, sha256), key));
  CBX_TRY(tell(tool, *cut, names, sha256, false));
  return sources_differ(tool, *cut, request.read_again) ? 1 : 0;
}

}  // namespace cbx::cut_tool
