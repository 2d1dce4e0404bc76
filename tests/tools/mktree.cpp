// A store full of small, sound segment files with their journals, made fast: what benchmarks of whole trees start from.
//
//   cbx-mktree ROOT --devices N --segments M [--bytes B] [--length S] [--end TIME] [--links] [--events N]
//
// Nothing is synced, no index is made ('cbx-index add --catch-up' does that).
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <map>

#include "../unit/mp4/memory_file.h"
#include "base/records.h"
#include "mp4/codecs.h"
#include "store/store.h"

namespace {

using namespace cbx;

struct Options {
  std::string root, end;
  int devices = 10, segments = 1000, bytes = 2000, length = 60, events = 0;
  bool links = false;
};

codec::TrackConfig video() {
  codec::TrackConfig c;
  c.codec = codec::Codec::h264;
  c.decoder_config = {1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80};
  c.video.width = 640;
  c.video.height = 480;
  return c;
}

constexpr int kPictures = 6;

// Fills in what playlists need.
Result<Bytes> make_file(SegmentRecord& r, const Options& o) {
  test::MemoryFile file;
  mp4::FileInfo info;
  info.device = r.device;
  info.start = r.start;
  info.source = r.source;
  info.connection = r.connection;
  info.pts = *r.pts;
  CBX_ASSIGN(auto writer, mp4::HybridWriter::create(file, {video()}, info, 2048));
  const auto size = static_cast<size_t>(std::max(8, o.bytes / kPictures));
  Bytes picture(size, 0x55);  // one NAL unit
  write_be32(picture.data(), static_cast<uint32_t>(size - 4));
  for (int i = 0; i < kPictures; i++) {
    mp4::WriterSample s;
    s.duration = static_cast<uint32_t>(o.length * 90000 / kPictures);
    s.dts = *r.pts + int64_t{i} * s.duration;
    s.key = true;
    s.data = picture;
    writer.add(s);
    CBX_TRY(writer.flush());
  }
  CBX_TRY(writer.finish());
  CBX_ASSIGN(auto told, mp4::describe(file, r.duration_ms));
  r.codecs = std::move(told.codecs);
  r.init = std::move(told.init);
  r.media_offset = static_cast<int64_t>(told.media_offset);
  for (const mp4::FileGroup& g : told.groups) r.groups.push_back({static_cast<int64_t>(g.bytes), g.duration_ms});
  return std::move(file.bytes);
}

std::string sha256(const Bytes& data) {
  std::array<unsigned char, 32> digest{};
  unsigned n = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &n, EVP_sha256(), nullptr) != 1) return "";
  std::string hex;
  for (const unsigned char b : digest) hex += fmt::format("{:02x}", b);
  return hex;
}

Status write_file(const std::string& path, ByteSpan data, int flags, WallMs changed) {
  const UniqueFd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640)};
  if (!fd) return fail(os_error(errno, fmt::format("cannot create '{}'", path)));
  CBX_TRY(write_all(fd.get(), data, "'" + path + "'"));
  const int64_t ms = changed.time_since_epoch().count();
  const timespec t{ms / 1000, ms % 1000 * 1'000'000};
  const std::array<timespec, 2> times{t, t};
  if (::futimens(fd.get(), times.data()) != 0) return fail(os_error(errno, "cannot set the time of '" + path + "'"));
  return {};
}

Status make_device(const store::Store& store, const Options& o, const std::string& device, WallMs first) {
  PosixFilesystem fs;
  std::map<std::string, std::string> journals;  // text by path
  const auto note = [&](const Record& r) { journals[store.journal_path(device, record_time(r))] += to_line(r) + "\n"; };
  const WallMs end = first + Millis{int64_t{o.segments} * o.length * 1000};
  note(ConnectionOpenRecord{device, first, device + "-1", "192.0.2.1:5000", "srt", 128, 2000});
  for (int i = 0; i < o.segments; i++) {
    SegmentRecord r;
    r.device = device;
    r.start = first + Millis{int64_t{i} * o.length * 1000};
    r.duration_ms = int64_t{o.length} * 1000;
    r.path = store.segment_path(device, r.start);
    r.video = "h264";
    r.width = 640;
    r.height = 480;
    r.fps = static_cast<double>(kPictures) / o.length;
    r.source = "live";
    r.end = "rotate";
    r.connection = device + "-1";
    r.pts = int64_t{i} * o.length * 90000;
    CBX_ASSIGN(const Bytes bytes, make_file(r, o));
    r.bytes = static_cast<int64_t>(bytes.size());
    r.sha256 = sha256(bytes);
    const std::string folder = store.day_folder(device, r.start);
    if (!journals.contains(folder + "/records.jsonl") || i == 0)
      CBX_TRY(fs.make_dirs(store.media_path() + "/" + folder));
    CBX_TRY(write_file(store.media_path() + "/" + r.path, bytes, O_EXCL, r.start + Millis{r.duration_ms}));
    note(r);
    if (o.links) {
      LinkRecord l;
      l.device = device;
      l.time = r.start;
      l.connection = r.connection;
      l.duration_ms = r.duration_ms;
      l.bytes = r.bytes;
      l.packets = r.bytes / 1316 + 1;
      note(l);
    }
    if (o.events > 0 && i % std::max(1, o.segments / o.events) == 0)
      note(EventRecord{device, r.start + Millis{1234}, "shock", "", "cbx-mktree", 1.5});
  }
  note(ConnectionCloseRecord{device, end, device + "-1", "peer_closed", "", (end - first).count(), 0, 0, 0});
  for (const auto& [path, text] : journals) {
    const std::string whole = store.media_path() + "/" + path;
    CBX_TRY(fs.make_dirs(whole.substr(0, whole.find_last_of('/'))));
    CBX_TRY(write_file(whole, as_bytes(text), O_APPEND, end));
  }
  return {};
}

Status make_tree(const Options& o) {
  CBX_ASSIGN(const auto store, store::Store::init(o.root, std::nullopt, std::nullopt));
  WallMs end = floor_ms(SystemClock{}.wall()) - std::chrono::minutes{5};
  if (!o.end.empty()) {
    CBX_ASSIGN(end, parse_rfc3339(o.end));
  }
  const WallMs first{std::chrono::floor<std::chrono::minutes>(end - Millis{int64_t{o.segments} * o.length * 1000})};
  for (int i = 0; i < o.devices; i++) CBX_TRY(make_device(store, o, fmt::format("cam{:02}", i), first));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Make a store of many small segments, for benchmarks");
  app.add_option("ROOT", o.root, "The store; made if it is not there")->required();
  app.add_option("--devices", o.devices, "How many, cam00 and up")->check(CLI::Range(1, 10000));
  app.add_option("--segments", o.segments, "How many a device")->check(CLI::Range(1, 10000000));
  app.add_option("--bytes", o.bytes, "Of picture in a file, about")->check(CLI::Range(48, 1 << 28));
  app.add_option("--length", o.length, "Of a segment, in seconds")->check(CLI::Range(1, 3600));
  app.add_option("--end", o.end, "Where the last one ends, as RFC 3339 (default: five minutes ago)");
  app.add_flag("--links", o.links, "A link record for each segment, too");
  app.add_option("--events", o.events, "Shock events a device");
  CLI11_PARSE(app, argc, argv);
  if (const auto made = make_tree(o); !made) {
    std::fprintf(stderr, "cbx-mktree: %s\n", made.error().message().c_str());
    return made.error().exit_code();
  }
  return 0;
}
