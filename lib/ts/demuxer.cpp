#include "ts/demuxer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "ts/audio_stream.h"
#include "ts/packet_splitter.h"
#include "ts/pes_assembler.h"
#include "ts/program.h"
#include "ts/psi.h"
#include "ts/video_stream.h"

namespace cbx::ts {

namespace {

constexpr size_t kPids = 8192;
constexpr uint16_t kPatPid = 0;
constexpr uint16_t kNullPid = 0x1fff;
// Packets without any PAT after which PMTs are looked for on their own (half a second of 4 Mbit/s).
constexpr uint64_t kPatPatience = 1500;
constexpr size_t kMaxNotices = 200;
constexpr size_t kMaxRefused = 200;

}  // namespace

class Demuxer::Impl final : public StreamSink {
 public:
  explicit Impl(Handler& handler) : handler_(handler) {
    open_pid(kPatPid);
    find(kPatPid)->sections = std::make_unique<SectionAssembler>();
  }

  void push(ByteSpan data, WallTime arrival) {
    arrival_ = arrival;
    splitter_.push(data, [this](const uint8_t* p) { packet(p); });
    report_damage();
  }

  void mark_loss() {
    splitter_.loss();
    for (Pid& p : pids_)
      if (p.pes) p.pes->loss(1);
  }

  void flush() {
    splitter_.flush([this](const uint8_t* p) { packet(p); });
    for (Pid& p : pids_) {
      if (p.pes) p.pes->flush();
      p.continuity = -1;
    }
    report_damage();
  }

  const Stats& stats() {
    stats_.skipped_bytes = splitter_.skipped_bytes();
    return stats_;
  }

  void on_config(int track, const codec::TrackConfig& config) override { handler_.on_track(track, config); }
  void on_sample(const codec::Sample& sample) override {
    if (sample.damaged) ++stats_.damaged_samples;
    handler_.on_sample(sample);
  }

 private:
  // A PID that something is expected on: sections, or a followed stream.
  struct Pid {
    uint16_t pid = 0;
    int8_t continuity = -1;  // of the last packet with payload; -1: not known
    bool repeated = false;   // that packet came twice already
    std::unique_ptr<SectionAssembler> sections;
    std::unique_ptr<PesAssembler> pes;
    ElementaryStream* es = nullptr;  // what pes feeds
  };
  struct Followed {
    Selection::Stream stream;
    std::unique_ptr<ElementaryStream> es;
  };

  void packet(const uint8_t* p);
  bool check_continuity(Pid& pid, int counter, bool discontinuity);
  void section(uint16_t pid, ByteSpan section);
  void look_for_pmt(uint16_t pid, const uint8_t* p);

  void open_pid(uint16_t pid);
  void close_pid(uint16_t pid);
  Pid* find(uint16_t pid) { return slots_[pid] == 0 ? nullptr : &pids_[slots_[pid] - size_t{1}]; }
  void apply_tables();
  void follow(Selection selection);
  std::optional<Followed> take_over(std::optional<Followed>& old, const std::optional<Selection::Stream>& wanted,
                                    int track);
  void refuse(uint16_t pid, std::string why);
  void notice(Notice::Kind kind, std::string text);
  void report_damage();

  Handler& handler_;
  PacketSplitter splitter_;
  Stats stats_;
  WallTime arrival_{};
  Timeline timeline_;

  std::array<uint8_t, kPids> slots_{};  // index into pids_ plus 1
  std::vector<Pid> pids_;
  ProgramTable programs_;
  bool pat_seen_ = false;
  bool tables_changed_ = false;

  std::optional<Selection> selection_;
  std::optional<Followed> video_, audio_;
  std::map<uint16_t, std::string> refused_;
  std::set<std::string> said_;
};

void Demuxer::Impl::packet(const uint8_t* p) {
  ++stats_.packets;
  if (p[1] & 0x80) {
    ++stats_.error_packets;  // nothing in it can be trusted; its PID's counter will miss it
    return;
  }
  const auto pid = static_cast<uint16_t>(read_be16(p + 1) & 0x1fff);
  Pid* state = find(pid);
  const bool unit_start = (p[1] & 0x40) != 0;
  if (state == nullptr) {
    if (!pat_seen_ && unit_start && pid != kNullPid && stats_.packets > kPatPatience) look_for_pmt(pid, p);
    return;
  }
  size_t begin = 4;
  bool discontinuity = false;
  if (p[3] & 0x20) {
    begin += size_t{1} + p[4];
    discontinuity = p[4] > 0 && (p[5] & 0x80) != 0;
  }
  if ((p[3] & 0x10) == 0 || begin > kPacketSize) {
    if (discontinuity) state->continuity = -1;
    return;
  }
  if (!check_continuity(*state, p[3] & 15, discontinuity)) return;
  const ByteSpan payload(p + begin, kPacketSize - begin);
  if (p[3] & 0xc0) {
    if (state->es != nullptr) refuse(pid, "it is scrambled");
    return;
  }
  if (state->sections) {
    state->sections->packet(payload, unit_start, [&](ByteSpan s) { section(pid, s); });
    if (tables_changed_) apply_tables();
    return;
  }
  state->pes->packet(payload, unit_start, arrival_);
  if (state->pes->scrambled()) {
    refuse(pid, "it is scrambled");
  } else if (!state->es->refused().empty()) {
    refuse(pid, std::string(state->es->refused()));
  }
}

// False if the packet is one that came already.
bool Demuxer::Impl::check_continuity(Pid& pid, int counter, bool discontinuity) {
  const int last = pid.continuity;
  pid.continuity = static_cast<int8_t>(counter);
  if (last < 0 || discontinuity || counter == ((last + 1) & 15)) {
    pid.repeated = false;
    return true;
  }
  if (counter == last && !pid.repeated) {
    pid.repeated = true;  // allowed once (2.4.3.3)
    return false;
  }
  pid.repeated = false;
  const auto lost = static_cast<unsigned>((counter - last - 1) & 15);
  stats_.lost_packets += lost;
  if (pid.pes) pid.pes->loss(lost);
  if (pid.sections) pid.sections->reset();
  return true;
}

void Demuxer::Impl::section(uint16_t pid, ByteSpan data) {
  const auto header = parse_section_header(data);
  const uint8_t expected = pid == kPatPid ? kTablePat : kTablePmt;
  if (!header || header->table_id != expected) return;
  if (crc32_mpeg(data) != 0) {
    ++stats_.crc_errors;
    return;
  }
  if (!header->current) return;
  if (pid == kPatPid) {
    pat_seen_ = true;
    tables_changed_ |= programs_.pat(*header);
  } else {
    tables_changed_ |= programs_.pmt(pid, *header);
  }
}

// Streams cut out of larger ones lack the PAT: a PMT that lies in one packet is as good.
void Demuxer::Impl::look_for_pmt(uint16_t pid, const uint8_t* p) {
  if ((p[3] & 0xf0) != 0x10) return;
  SectionAssembler assembler;
  assembler.packet({p + 4, kPacketSize - 4}, true, [&](ByteSpan data) {
    const auto header = parse_section_header(data);
    if (!header || header->table_id != kTablePmt || !header->current || crc32_mpeg(data) != 0) return;
    programs_.found_pmt(header->table_extension, pid);
    tables_changed_ |= programs_.pmt(pid, *header);
  });
  if (tables_changed_) apply_tables();
}

void Demuxer::Impl::open_pid(uint16_t pid) {
  if (find(pid) != nullptr) return;
  pids_.emplace_back().pid = pid;
  slots_[pid] = static_cast<uint8_t>(pids_.size());
}

void Demuxer::Impl::close_pid(uint16_t pid) {
  if (find(pid) == nullptr) return;
  pids_.erase(pids_.begin() + (slots_[pid] - 1));
  slots_[pid] = 0;
  for (size_t i = 0; i < pids_.size(); ++i) slots_[pids_[i].pid] = static_cast<uint8_t>(i + 1);
}

// The programs or their streams may be others now.
void Demuxer::Impl::apply_tables() {
  tables_changed_ = false;
  const std::vector<uint16_t> wanted = programs_.pmt_pids();
  std::vector<uint16_t> gone;
  for (const Pid& p : pids_)
    if (p.sections && p.pid != kPatPid && std::ranges::find(wanted, p.pid) == wanted.end()) gone.push_back(p.pid);
  for (const uint16_t pid : gone) close_pid(pid);
  for (const uint16_t pid : wanted) {
    if (pid == kPatPid || pid == kNullPid || (find(pid) && find(pid)->pes)) continue;
    open_pid(pid);
    if (!find(pid)->sections) find(pid)->sections = std::make_unique<SectionAssembler>();
  }
  if (auto selection = programs_.select(refused_)) follow(std::move(*selection));
}

void Demuxer::Impl::follow(Selection selection) {
  for (const std::string& text : selection.left_out) notice(Notice::Kind::left_out, text);
  for (const std::string& text : selection.unsupported) notice(Notice::Kind::unsupported, text);
  const auto same = [](const std::optional<Followed>& now, const std::optional<Selection::Stream>& then) {
    return now.has_value() == then.has_value() && (!now || now->stream.same_as(*then));
  };
  const bool first = !selection_;
  if (!first && same(video_, selection.video) && same(audio_, selection.audio)) {
    selection_ = std::move(selection);
    return;
  }
  if (!first) notice(Notice::Kind::changed, "the layout of the program changed");
  if (!first && selection_->program != selection.program) timeline_.reset();
  auto video = take_over(video_, selection.video, 0);
  auto audio = take_over(audio_, selection.audio, video ? 1 : 0);
  video_ = std::move(video);
  audio_ = std::move(audio);
  selection_ = std::move(selection);
  handler_.on_layout((video_ ? 1 : 0) + (audio_ ? 1 : 0), video_.has_value());
  int track = 0;
  for (const auto* f : {&video_, &audio_}) {
    if (!*f) continue;
    if (const auto& config = (*f)->es->config()) handler_.on_track(track, *config);
    ++track;
  }
}

// The stream that is followed from now on: the old one if it is the same, else a new one after the old was finished.
std::optional<Demuxer::Impl::Followed> Demuxer::Impl::take_over(std::optional<Followed>& old,
                                                                const std::optional<Selection::Stream>& wanted,
                                                                int track) {
  if (old && wanted && old->stream.same_as(*wanted)) {
    old->es->set_track(track);
    return std::move(old);
  }
  if (old) {
    old->es->flush();
    close_pid(old->stream.pid);
  }
  if (!wanted) return std::nullopt;
  Followed fresh{*wanted, nullptr};
  const codec::Codec codec = *wanted->kind.codec;
  if (codec::is_video(codec)) {
    fresh.es = std::make_unique<VideoStream>(codec, track, timeline_, *this);
  } else {
    fresh.es = std::make_unique<AudioStream>(make_audio_framer(wanted->kind), track, timeline_, *this);
  }
  open_pid(wanted->pid);
  Pid& pid = *find(wanted->pid);
  pid.es = fresh.es.get();
  pid.pes = std::make_unique<PesAssembler>(*fresh.es, !codec::is_video(codec));
  return fresh;
}

// A stream turned out not to be usable: the program goes on without it.
void Demuxer::Impl::refuse(uint16_t pid, std::string why) {
  if (refused_.size() >= kMaxRefused) refused_.clear();
  refused_[pid] = std::move(why);
  if (auto selection = programs_.select(refused_)) follow(std::move(*selection));
}

void Demuxer::Impl::notice(Notice::Kind kind, std::string text) {
  if (kind != Notice::Kind::changed && (said_.size() >= kMaxNotices || !said_.insert(text).second)) return;
  handler_.on_notice({kind, std::move(text)});
}

void Demuxer::Impl::report_damage() {
  if (splitter_.skipped_bytes() > 0) notice(Notice::Kind::damaged, "bytes that are no transport packets were skipped");
  if (stats_.lost_packets > 0) notice(Notice::Kind::damaged, "transport packets are missing");
  if (stats_.error_packets > 0) notice(Notice::Kind::damaged, "transport packets are marked as erroneous");
}

Demuxer::Demuxer(Handler& handler) : impl_(std::make_unique<Impl>(handler)) {}
Demuxer::~Demuxer() = default;
void Demuxer::push(ByteSpan data, WallTime arrival) {
  impl_->push(data, arrival);
}
void Demuxer::mark_loss() {
  impl_->mark_loss();
}
void Demuxer::flush() {
  impl_->flush();
}
const Stats& Demuxer::stats() const {
  return impl_->stats();
}

}  // namespace cbx::ts
