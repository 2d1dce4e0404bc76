#include <fmt/format.h>

#include "base/log.h"
#include "cut/cut.h"
#include "cut/text.h"

namespace cbx::cut {
namespace {

// A line as `sha256sum` writes it; names with a line break or a backslash are escaped as coreutils do.
std::string checksum_line(std::string_view sha256, std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    if (c == '\\')
      escaped += "\\\\";
    else if (c == '\n')
      escaped += "\\n";
    else if (c == '\r')
      escaped += "\\r";
    else
      escaped += c;
  }
  return fmt::format("{}{}  {}\n", escaped == name ? "" : "\\", sha256, escaped);
}

class Lines {
 public:
  void add(std::string_view key, std::string_view value) { text += fmt::format("# {}: {}\n", key, printable(value)); }
  void times(std::string_view key, TimeRange range, UtcOffset offset) {
    add(key, fmt::format("{}..{}", format_rfc3339(range.from), format_rfc3339(range.to)));
    add(fmt::format("{}_local", key), local_range(range, offset));
  }
  std::string text;
};

void add_source(Lines& out, const Source& s, size_t number, const Request& request, UtcOffset offset) {
  const bool again = number < request.read_again.size();
  const std::string now = again ? request.read_again[number] : "";
  std::string state = "not read again";
  if (again && now.empty())
    state = "could not be read again";
  else if (again && s.sha256.empty())
    state = "no hash was recorded; this is what was read";
  else if (again)
    state = now == s.sha256 ? "read again, matches what was recorded" : "read again, DIFFERS: " + now;
  const std::string& sum = s.sha256.empty() ? now : s.sha256;
  if (sum.empty())
    out.add("source_without_hash", s.path);
  else
    out.add("source", fmt::format("{}  {}", sum, s.path));
  out.add("  used", local_range(s.used, offset));
  out.add("  hash", state);
  if (s.clock_offset_ms) out.add("  clock_offset_ms", fmt::format("{}", *s.clock_offset_ms));
}

}  // namespace

std::string manifest(const Cut& cut, const store::Store& store, const Request& request, std::string_view sha256) {
  const UtcOffset offset = store.utc_offset();
  const std::string name = request.file_name.empty() ? cut.file_name() : request.file_name;
  Lines out;
  out.text = "# A cut of recordings, as they were recorded: nothing was encoded anew.\n";
  out.add("manifest", "1");
  out.add("file", name);
  out.add("bytes", fmt::format("{}", cut.size()));
  out.add("duration_ms", fmt::format("{}", cut.duration_ms()));
  out.add("device", cut.device());
  if (!request.nickname.empty()) out.add("nickname", request.nickname);
  out.times("asked", cut.range(), offset);
  out.times("covered", cut.covered(), offset);
  out.add("store", store.config().id);
  out.add("made_by", request.who);
  out.add("made_at", format_rfc3339(request.when));
  out.add("made_with", request.tool);
  out.add("gaps", fmt::format("{}", cut.holes().size()));
  for (const Hole& h : cut.holes())
    out.add("gap",
            fmt::format("{} {}{}{}", local_range(h.range, offset), h.cause, h.detail.empty() ? "" : ": ", h.detail));
  out.add("sources", fmt::format("{}", cut.sources().size()));
  for (size_t i = 0; i < cut.sources().size(); ++i) add_source(out, cut.sources()[i], i, request, offset);
  return out.text + checksum_line(sha256, name);
}

}  // namespace cbx::cut
