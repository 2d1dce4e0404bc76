#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/device_id.h"
#include "base/file.h"
#include "base/log.h"

namespace cbx::store {
namespace {

constexpr int kVersion = 1;
constexpr size_t kMaxConfigBytes = 64 << 10;

Result<std::string> random_id() {
  std::array<uint8_t, 16> raw{};
  if (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size()))
    return fail(os_error(errno, "cannot get random bytes", ErrorCode::internal));
  std::string hex;
  for (uint8_t b : raw) hex += fmt::format("{:02x}", b);
  return hex;
}

std::string to_text(const StoreConfig& c) {
  nlohmann::ordered_json j;
  j["version"] = c.version;
  j["id"] = c.id;
  j["utc_offset"] = c.utc_offset.format();
  if (!c.public_host.empty()) j["public_host"] = c.public_host;
  if (!c.push.empty()) j["push"] = c.push;
  return j.dump(2) + "\n";
}

Result<StoreConfig> parse_config(const std::string& text, const std::string& path) {
  const auto bad = [&](std::string_view why) { return fail(ErrorCode::config, fmt::format("'{}' {}", path, why)); };
  const auto j = nlohmann::json::parse(text, nullptr, false);
  if (!j.is_object()) return bad("is no JSON object");
  const auto text_field = [&](const char* name) -> std::optional<std::string> {
    const auto it = j.find(name);
    if (it == j.end() || !it->is_string()) return std::nullopt;
    return it->get<std::string>();
  };
  StoreConfig c;
  if (!j.contains("version") || !j["version"].is_number_integer()) return bad("has no 'version'");
  // Compared as JSON, which knows integers that would not fit.
  if (j["version"] != kVersion)
    return bad(fmt::format("is of version {}, this cbx knows version {}", j["version"].dump(), kVersion));
  const auto id = text_field("id");
  const auto offset = text_field("utc_offset");
  if (!id || id->empty()) return bad("has no 'id'");
  if (!offset) return bad("has no 'utc_offset'");
  c.id = *id;
  auto parsed = UtcOffset::parse(*offset);
  if (!parsed) return bad("has a bad 'utc_offset': " + parsed.error().message());
  c.utc_offset = *parsed;
  c.public_host = text_field("public_host").value_or("");
  if (const auto push = j.find("push"); push != j.end()) {
    const bool texts =
        push->is_array() && std::all_of(push->begin(), push->end(), [](const auto& t) { return t.is_string(); });
    if (!texts) return bad("has a 'push' that is no list of targets");
    for (const auto& target : *push) c.push.push_back(target.template get<std::string>());
  }
  return c;
}

Status check_public_host(const std::string& host) {
  const bool ok = host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
                    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                           c == '-' || c == ':' || c == '[' || c == ']';
                  });
  if (!ok) return fail(ErrorCode::usage, fmt::format("'{}' is no host name or address", printable(host)));
  return {};
}

// Reads exactly `n` digits of `s` at `at`.
std::optional<int> digits(std::string_view s, size_t at, size_t n) {
  if (s.size() < at + n) return std::nullopt;
  int v = 0;
  for (size_t i = at; i < at + n; i++) {
    if (s[i] < '0' || s[i] > '9') return std::nullopt;
    v = v * 10 + (s[i] - '0');
  }
  return v;
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(path.c_str());
  if (!dir) {
    const int e = errno;
    if (e == ENOENT) return names;
    return fail(os_error(e, fmt::format("cannot list '{}'", path)));
  }
  while (const dirent* entry = ::readdir(dir)) names.emplace_back(entry->d_name);
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Result<Store> Store::open(const std::string& root) {
  const std::string path = root + "/store.json";
  auto text = read_file(path, kMaxConfigBytes);
  if (!text && text.error().os_error() == ENOENT)
    return fail(ErrorCode::config, fmt::format("'{}' is no store (run 'cbx-index init --root {}')", root, root));
  if (!text) return fail(std::move(text).error());
  Store store;
  store.root_ = root;
  CBX_ASSIGN(store.config_, parse_config(*text, path));
  return store;
}

Status check_target(std::string_view target) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::usage, fmt::format("'{}' is no target{}", printable(target.substr(0, 200)), why));
  };
  const size_t colon = target.find("://");
  const bool plain = std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 127 && c != '"'; });
  if (colon == 0 || colon == std::string_view::npos || colon + 3 == target.size() || !plain || target.size() > 500)
    return bad(": s3://BUCKET/PREFIX, https://HOST or another URL");
  if (target.substr(0, colon).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+.-") != std::string_view::npos)
    return bad(": its scheme is lower-case letters");
  const std::string_view host = target.substr(colon + 3, target.find('/', colon + 3) - colon - 3);
  if (host.find('@') != std::string_view::npos) return bad(": user and password have no place in it");
  return {};
}

Result<Store> Store::init(const std::string& root, const StoreChanges& changes) {
  const auto& [offset, public_host, push] = changes;
  if (public_host) CBX_TRY(check_public_host(*public_host));
  if (push)
    for (const std::string& target : *push) CBX_TRY(check_target(target));
  PosixFilesystem fs;
  CBX_TRY(fs.make_dirs(root + "/media"));
  const std::string path = root + "/store.json";
  Store store;
  store.root_ = root;
  if (::access(path.c_str(), F_OK) == 0) {
    CBX_ASSIGN(store, open(root));
    if (offset && !(*offset == store.config_.utc_offset))
      return fail(ErrorCode::config,
                  fmt::format("'{}' exists with UTC offset {}: it names the files and can't be changed to {}", root,
                              store.config_.utc_offset.format(), offset->format()));
    if ((!public_host || *public_host == store.config_.public_host) && (!push || *push == store.config_.push))
      return store;
  } else {
    CBX_ASSIGN(store.config_.id, random_id());
    store.config_.utc_offset = offset ? *offset : UtcOffset::system_standard();
  }
  if (public_host) store.config_.public_host = *public_host;
  if (push) store.config_.push = *push;
  CBX_TRY(replace_file(path, to_text(store.config_), 0644));
  return store;
}

std::string Store::day_folder(std::string_view device, WallMs t) const {
  return fmt::format("{}/{}", device, format_day(t, utc_offset()));
}

std::string Store::segment_name(WallMs start) const {
  const LocalTime l = to_local(start, utc_offset());
  return fmt::format("{:02}-{:02}-{:02}.{:03}.mp4", l.hour, l.minute, l.second, l.millisecond);
}

std::string Store::segment_path(std::string_view device, WallMs start) const {
  return day_folder(device, start) + "/" + segment_name(start);
}

std::string Store::part_path(std::string_view device, WallMs start) const {
  return day_folder(device, start) + "/." + segment_name(start) + ".part";
}

std::string Store::journal_path(std::string_view device, WallMs t) const {
  return day_folder(device, t) + "/records.jsonl";
}

std::optional<WallMs> Store::parse_day(std::string_view name) const {
  const auto y = digits(name, 0, 4), m = digits(name, 5, 2), d = digits(name, 8, 2);
  if (name.size() != 10 || !y || !m || !d) return std::nullopt;
  const auto day = from_local({*y, *m, *d, 0, 0, 0, 0}, utc_offset());
  if (!day || format_day(*day, utc_offset()) != name) return std::nullopt;
  return *day;
}

std::optional<Store::ParsedPath> Store::parse_path(std::string_view p) const {
  const size_t s1 = p.find('/');
  const size_t s2 = s1 == p.npos ? p.npos : p.find('/', s1 + 1);
  if (s2 == p.npos || p.find('/', s2 + 1) != p.npos) return std::nullopt;
  const std::string_view device = p.substr(0, s1), day = p.substr(s1 + 1, s2 - s1 - 1);
  std::string_view name = p.substr(s2 + 1);
  ParsedPath out;
  if (!is_device_id(device)) return std::nullopt;
  out.device = device;
  if (name.starts_with('.') && name.ends_with(".mp4.part")) {
    out.part = true;
    name.remove_prefix(1);
    name.remove_suffix(5);
  }
  if (name.size() != 16 || !name.ends_with(".mp4")) return std::nullopt;
  const auto Y = digits(day, 0, 4), M = digits(day, 5, 2), D = digits(day, 8, 2);
  const auto h = digits(name, 0, 2), m = digits(name, 3, 2), s = digits(name, 6, 2), ms = digits(name, 9, 3);
  if (!Y || !M || !D || !h || !m || !s || !ms) return std::nullopt;
  const auto start = from_local({*Y, *M, *D, *h, *m, *s, *ms}, utc_offset());
  if (!start) return std::nullopt;
  out.start = *start;
  // Whatever differs in a separator is no name of ours.
  const std::string again = out.part ? part_path(out.device, out.start) : segment_path(out.device, out.start);
  if (again != p) return std::nullopt;
  return out;
}

Result<std::vector<JournalFile>> list_journals(const Store& store) {
  std::vector<JournalFile> out;
  CBX_ASSIGN(const auto devices, list_folder(store.media_path()));
  for (const std::string& device : devices) {
    if (!is_device_id(device)) continue;
    auto days = list_folder(store.media_path() + "/" + device);
    if (!days) continue;  // a stray file, or a folder that has just gone
    for (const std::string& day : *days) {
      if (day.size() != 10 || !digits(day, 0, 4) || !digits(day, 5, 2) || !digits(day, 8, 2)) continue;
      const std::string path = device + "/" + day + "/records.jsonl";
      struct stat st {};
      if (::stat((store.media_path() + "/" + path).c_str(), &st) == 0 && S_ISREG(st.st_mode))
        out.push_back({device, day, path, static_cast<uint64_t>(st.st_size)});
    }
  }
  return out;
}

}  // namespace cbx::store
