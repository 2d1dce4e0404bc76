#include "ts/program.h"

#include <fmt/format.h>

#include <algorithm>

namespace cbx::ts {

namespace {
// Repetitions of a PMT after which the others are no longer waited for (at 10 a second: a quarter of a second).
constexpr unsigned kPatience = 3;
}  // namespace

bool ProgramTable::pat(const SectionHeader& section) {
  if (section.number == 0 || section.version != next_version_) next_.clear();
  next_version_ = section.version;
  for (const PatEntry& e : parse_pat(section.body)) {
    if (next_.size() >= kMaxPrograms) break;
    next_.push_back({e.program, e.pid, -1, 0, std::nullopt});
  }
  if (section.number < section.last_number) return false;
  const auto same = [](const Program& a, const Program& b) { return a.number == b.number && a.pid == b.pid; };
  if (next_.empty() || std::ranges::equal(next_, programs_, same)) return false;
  for (Program& fresh : next_)
    for (Program& old : programs_)
      if (same(fresh, old)) fresh = std::move(old);
  programs_ = std::move(next_);
  next_.clear();
  return true;
}

bool ProgramTable::pmt(uint16_t pid, const SectionHeader& section) {
  // Several programs may share a PID.
  const auto program = std::ranges::find_if(
      programs_, [&](const Program& p) { return p.pid == pid && p.number == section.table_extension; });
  if (program == programs_.end()) return false;
  ++program->seen;
  if (program->version == section.version) return program->seen <= kPatience;
  auto parsed = parse_pmt(section.body);
  if (!parsed) return false;
  program->version = section.version;
  program->pmt = std::move(parsed);
  return true;
}

void ProgramTable::found_pmt(uint16_t program, uint16_t pid) {
  if (programs_.size() < kMaxPrograms) programs_.push_back({program, pid, -1, 0, std::nullopt});
}

std::vector<uint16_t> ProgramTable::pmt_pids() const {
  std::vector<uint16_t> pids;
  for (const Program& p : programs_)
    if (std::ranges::find(pids, p.pid) == pids.end()) pids.push_back(p.pid);
  return pids;
}

std::optional<Selection> ProgramTable::select(const std::map<uint16_t, std::string>& refused) const {
  const bool patient = std::ranges::none_of(programs_, [](const Program& p) { return p.seen >= kPatience; });
  std::optional<Selection> audio, nothing;
  for (const Program& program : programs_) {
    if (!program.pmt) {
      if (patient) return std::nullopt;
      continue;
    }
    Selection s = select_in(program, refused);
    if (s.video || s.audio)
      if (const size_t others = programs_.size() - 1; others > 0)
        s.left_out.push_back(fmt::format("{} other program{} left out", others, others > 1 ? "s are" : " is"));
    if (s.video) return s;
    // Sound whose picture can't be carried is not what anybody wants.
    if (s.audio && s.unsupported.empty() && !audio)
      audio = std::move(s);
    else if (!nothing || (nothing->unsupported.empty() && !s.unsupported.empty()))
      nothing = std::move(s);
  }
  return audio ? audio : nothing;
}

Selection ProgramTable::select_in(const Program& program, const std::map<uint16_t, std::string>& refused) {
  Selection s;
  s.program = program.number;
  for (const PmtStream& stream : program.pmt->streams) {
    StreamKind kind = stream_kind(*program.pmt, stream);
    const std::string where = fmt::format("'{}' on PID {:#x}", kind.name, stream.pid);
    const auto refusal = refused.find(stream.pid);
    const bool can = kind.codec && refusal == refused.end();
    const std::string why = refusal != refused.end() ? ": " + refusal->second : "";
    if (can && kind.media == StreamKind::Media::video && !s.video) {
      s.video = {stream.pid, std::move(kind)};
    } else if (can && kind.media == StreamKind::Media::audio && !s.audio) {
      s.audio = {stream.pid, std::move(kind)};
    } else if (!can && kind.media == StreamKind::Media::video) {
      s.unsupported.push_back(where + " cannot be recorded" + why);
    } else {
      s.left_out.push_back(where + " is left out" + why);
    }
  }
  if (s.video) {  // then other video is merely left out
    s.left_out.insert(s.left_out.end(), s.unsupported.begin(), s.unsupported.end());
    s.unsupported.clear();
  } else if (!s.unsupported.empty()) {
    s.audio.reset();
  }
  return s;
}

}  // namespace cbx::ts
