// Planning a cut: which files, what of them, the tables of the whole.
#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "cut/candidates.h"
#include "cut/joined_cut.h"
#include "cut/joiner.h"
#include "cut/text.h"
#include "index/coverage.h"
#include "mp4/box.h"

namespace cbx::cut {
namespace {

constexpr size_t kRangesInError = 12;
// Changes with what this code makes of the same recordings.
constexpr std::string_view kFormat = "cut 1";

// A stretch of time whose recordings can be one file.
struct Joinable {
  TimeRange range;
};

// Collects what the error says, once a change has been found.
class Changes {
 public:
  void add(const Candidate& c, SourceTables tables) {
    const std::string what = last_ ? Joiner::mismatch(*last_, tables) : "";
    if (!last_ || !what.empty()) {
      if (first_.empty() && !what.empty()) {
        first_ = what;
        at_ = c.source.used.from;
      }
      ranges_.push_back({c.source.used.from, c.source.used.to});
    }
    ranges_.back().to = c.source.used.to;
    for (SourceTrack& t : tables.tracks) t.samples = {}, t.chunks = {};
    // A file without sound says nothing about what the sound is.
    if (!last_ || !what.empty()) {
      last_ = std::move(tables);
      return;
    }
    for (SourceTrack& t : tables.tracks) {
      const bool known = std::any_of(last_->tracks.begin(), last_->tracks.end(),
                                     [&](const SourceTrack& k) { return k.video() == t.video(); });
      if (!known) last_->tracks.push_back(std::move(t));
    }
  }
  Error error(std::string_view device, UtcOffset offset) const {
    std::string list;
    for (size_t i = 0; i < ranges_.size() && i < kRangesInError; ++i) list += " " + local_range(ranges_[i], offset);
    if (ranges_.size() > kRangesInError) list += fmt::format(" and {} more", ranges_.size() - kRangesInError);
    return {ErrorCode::data, fmt::format("'{}' changes {} at {}, which one file can't hold without re-encoding; these "
                                         "ranges can be had:{}",
                                         device, first_, local_time(at_, offset), list)};
  }

 private:
  std::optional<SourceTables> last_;
  std::string first_;
  WallMs at_{};
  std::vector<TimeRange> ranges_;
};

class Planner {
 public:
  Planner(index::Index& index, std::string_view device, TimeRange range)
      : index_(index), device_(device), range_(range), now_(floor_ms(SystemClock{}.wall())) {}

  Result<std::shared_ptr<const Cut>> plan() {
    CBX_ASSIGN(media_, MediaDir::open(index_.store().media_path()));
    CBX_ASSIGN(candidates_, find_candidates(index_, *media_, device_, range_, now_));
    CBX_TRY(join());
    return finish();
  }

 private:
  // The tables of a candidate; nullopt when its file has gone since.
  Result<std::optional<SourceTables>> tables_of(Candidate& c) {
    if (c.tables) return std::move(c.tables);
    auto file = media_->open_file(c.source.path);
    if (!file && file.error().code() == ErrorCode::no_input) {
      vanished_.push_back({c.source.used, "missing", "its file is not there"});
      return std::optional<SourceTables>{};
    }
    if (!file) return fail(std::move(file).error());
    CBX_ASSIGN(SourceTables tables, read_tables(**file));
    if (tables.tracks.empty()) return fail(ErrorCode::data, fmt::format("'{}' holds nothing", c.source.path));
    return std::optional(std::move(tables));
  }

  Status join() {
    Millis length{};
    for (const Candidate& c : candidates_) length += c.source.used.length();
    bool broken = false;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      Candidate& c = candidates_[i];
      CBX_ASSIGN(auto tables, tables_of(c));
      if (!tables) continue;
      if (sources_.empty()) reserve(c, *tables, length);
      broken = broken || !joiner_.mismatch(*tables).empty();
      if (broken) continue;
      CBX_TRY(joiner_.add(c, *tables, static_cast<uint32_t>(sources_.size())));
      sources_.push_back(c.source);
      std::string name = index_.store().segment_path(device_, c.source.file.start);
      if (!c.file || name == c.source.path) name.clear();
      files_.push_back({c.source.path, tables->bytes, tables->finished, std::move(c.file), std::move(name)});
    }
    if (!broken) return {};
    return explain_mismatch();
  }

  // Memory for the largest tables, judged by the first file.
  void reserve(const Candidate& c, const SourceTables& tables, Millis length) {
    std::array<size_t, 2> samples{};
    const double share =
        static_cast<double>(length.count()) / static_cast<double>(std::max<int64_t>(c.source.file.duration_ms, 1000));
    for (const SourceTrack& t : tables.tracks)
      samples[t.video() ? 0 : 1] =
          static_cast<size_t>(std::min(4e6, static_cast<double>(t.samples.size()) * std::max(1.0, share) * 1.02));
    joiner_.reserve(samples[0], samples[1]);
  }

  tl::unexpected<Error> explain_mismatch() {
    Changes changes;
    for (Candidate& c : candidates_) {
      std::shared_ptr<File> file = c.file;
      if (!file) {
        auto opened = media_->open_file(c.source.path);
        if (!opened) continue;
        file = std::move(*opened);
      }
      if (auto tables = read_tables(*file); tables && !tables->tracks.empty()) changes.add(c, std::move(*tables));
    }
    return fail(changes.error(device_, index_.store().utc_offset()));
  }

  Result<std::shared_ptr<const Cut>> finish() {
    JoinedCut::Parts parts;
    parts.device = device_;
    parts.range = range_;
    if (sources_.empty()) return nothing();
    parts.covered = {sources_.front().used.from, sources_.front().used.to};
    for (const Source& s : sources_) parts.covered.to = std::max(parts.covered.to, s.used.to);
    Movie movie = joiner_.take_movie(parts.covered.from);
    if (movie.tracks.empty() || movie.end <= 0) return nothing();
    CBX_ASSIGN(parts.head, movie_head(movie));
    parts.data_bytes = movie.data_bytes;
    parts.duration_ms = movie.end / 90;
    parts.extents = joiner_.take_extents();
    parts.file_name = file_name_of(device_, parts.covered.from, index_.store().utc_offset());
    parts.identity = identity();
    CBX_ASSIGN(parts.holes, holes());
    parts.sources = std::move(sources_);
    parts.files = std::move(files_);
    parts.media = media_;
    return std::shared_ptr<const Cut>(std::make_shared<JoinedCut>(std::move(parts)));
  }

  tl::unexpected<Error> nothing() const {
    return fail(ErrorCode::no_input, fmt::format("nothing of '{}' is there for {}", device_,
                                                 local_range(range_, index_.store().utc_offset())));
  }

  std::string identity() const {
    std::string text = fmt::format("{}\n{}\n{}\n", kFormat, device_, local_range(range_, UtcOffset{}));
    for (size_t i = 0; i < sources_.size(); ++i)
      text +=
          fmt::format("{} {} {} {}\n", sources_[i].path, sources_[i].file.bytes, files_[i].bytes, sources_[i].sha256);
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
    ::SHA256(as_bytes(text).data(), text.size(), digest.data());
    return to_hex(ByteSpan(digest).first(16));
  }

  Result<std::vector<Hole>> holes() {
    std::vector<Hole> out = std::move(vanished_);
    CBX_ASSIGN(auto gaps, index::find_gaps(index_, device_, range_, now_));
    for (index::Gap& g : gaps) out.push_back({g.range, std::move(g.cause), std::move(g.detail)});
    std::sort(out.begin(), out.end(), [](const Hole& a, const Hole& b) { return a.range.from < b.range.from; });
    return out;
  }

  index::Index& index_;
  std::string device_;
  TimeRange range_;
  WallMs now_;
  std::shared_ptr<const MediaDir> media_;
  std::vector<Candidate> candidates_;
  Joiner joiner_;
  std::vector<Source> sources_;
  std::vector<SourceFile> files_;
  std::vector<Hole> vanished_;
};

}  // namespace

Result<std::shared_ptr<const Cut>> plan(index::Index& index, std::string_view device, TimeRange range) {
  if (range.empty()) return fail(ErrorCode::usage, "the range is empty");
  return Planner(index, device, range).plan();
}

}  // namespace cbx::cut
