// Init segments: one address for all files of a configuration, which holds as long as any of them is there.
#include "mp4/codecs.h"
#include "service_fixture.h"
#include "web/media_file.h"

namespace cbx::web {
namespace {

namespace fsys = std::filesystem;

class InitTest : public ServiceTest {
 protected:
  // As the recorder writes it today, with what playlists need.
  SegmentRecord described(const std::string& device, WallMs start) {
    Writing w = begin(device, start);
    go_on(w, 2);
    SegmentRecord r = finish(w, device, start);
    const auto file = open_media_file(store_, device, start);
    EXPECT_TRUE(file);
    r.codecs = "avc1.64001f,mp4a.40.2";
    r.init = mp4::init_id(as_bytes(init_of(**file)));
    r.media_offset = static_cast<int64_t>((*file)->fragments.offset);
    r.groups = {{static_cast<int64_t>((*file)->fragments.bytes), r.duration_ms}};
    add_to_index({r});
    return r;
  }
  std::string init_of(const MediaFile& file) const {
    return content(file.path).substr(file.init.offset, file.init.bytes);
  }
  static ByteSpan as_bytes(const std::string& text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  }
  static std::string address(const std::string& init, const std::string& rest = ".mp4") {
    return "/media/cam01/init/" + init + rest;
  }
  std::string named_in(const std::string& playlist) {
    const std::string text = get("/media/cam01/" + playlist).body;
    const size_t at = text.find("../../init/");
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? "" : text.substr(at + 11, 16);
  }
};

TEST_F(InitTest, BytesOfTheFileAndOfEachTrack) {
  const SegmentRecord r = described("cam01", t0_);
  const auto file = *open_media_file(store_, "cam01", t0_);
  serve();
  const http::Reply all = get(address(r.init));
  ASSERT_EQ(all.status, 200) << all.body;
  EXPECT_EQ(all.body, init_of(*file));
  EXPECT_EQ(all.header("content-type"), "video/mp4");
  EXPECT_EQ(all.header("cache-control"), "private, max-age=31536000, immutable");
  for (const std::string track : {"video", "audio"}) {
    const http::Reply one = get(address(r.init, "-" + track + ".mp4"));
    EXPECT_EQ(one.status, 200);
    EXPECT_EQ(one.header("content-type"), track + "/mp4");
    EXPECT_EQ(one.body, std::string(as_string(mp4::init_segment_of(file->tracks, track == "video" ? 0 : 1))));
  }
  for (const char* wrong : {"-subtitles.mp4", "-.mp4", "_video.mp4", ".m4s", "", "0.mp4"})
    EXPECT_EQ(get(address(r.init, wrong)).status, 404) << wrong;
  EXPECT_EQ(get(address("0123456789abcdef")).status, 404);
  EXPECT_EQ(get(address(r.init), "stranger").status, 404);
  recorded("cam02", t0_);
  EXPECT_EQ(get("/media/cam02/init/" + r.init + ".mp4", "owner").status, 404) << "another one's";
}

TEST_F(InitTest, PlaylistsNameOneForADay) {
  const SegmentRecord r = described("cam01", t0_);
  described("cam01", t0_ + std::chrono::minutes(5));
  serve();
  for (const char* playlist : {"hls/2026-11-20/media.m3u8", "dash/2026-11-20/manifest.mpd"})
    EXPECT_EQ(named_in(playlist), r.init) << playlist;
  const std::string list = get("/media/cam01/hls/2026-11-20/media.m3u8").body;
  const size_t first = list.find("#EXT-X-MAP");
  EXPECT_EQ(list.find("#EXT-X-MAP", first + 1), std::string::npos) << list;
}

// A server that never saw the file, asked by somebody who kept the playlist.
TEST_F(InitTest, AnyFileThatIsLeftHasIt) {
  const SegmentRecord r = described("cam01", t0_);
  described("cam01", t0_ + std::chrono::minutes(5));
  const std::string bytes = init_of(**open_media_file(store_, "cam01", t0_));
  fsys::remove(media(store_.segment_path("cam01", t0_)));
  serve();
  const http::Reply reply = get(address(r.init));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, bytes);

  fsys::remove(media(store_.segment_path("cam01", t0_ + std::chrono::minutes(5))));
  server_.reset();
  serve();
  EXPECT_EQ(get(address(r.init)).status, 404) << "none is left";
}

// Who has the playlist plays on, though all files of the configuration but the one that is being read are deleted; also
// where the index does not tell what the files are (records of older recorders).
TEST_F(InitTest, APlaylistThatWasGivenHolds) {
  recorded("cam01", t0_);
  serve();
  const std::string init = named_in("hls/2026-11-20/media.m3u8");
  fsys::remove(media(store_.segment_path("cam01", t0_)));
  EXPECT_EQ(get(address(init)).status, 200);
  EXPECT_EQ(get(address(init, "-audio.mp4")).status, 200);
  EXPECT_EQ(get(address(init), "stranger").status, 404);
}

// A record may say anything; the bytes decide.
TEST_F(InitTest, ARecordThatLiesIsNotBelieved) {
  SegmentRecord r = described("cam01", t0_);
  r.start += std::chrono::minutes(1);
  Writing w = begin("cam01", r.start);
  go_on(w, 2);
  (void)finish(w, "cam01", r.start);
  r.init = "0123456789abcdef";
  add_to_index({r});
  serve();
  EXPECT_EQ(get(address(r.init)).status, 404);
}

// Of a file that is being written, without the index; and the first file of the connection is pruned meanwhile.
TEST_F(InitTest, Live) {
  const WallMs start = floor_ms(system_clock_.wall()) - std::chrono::seconds(4);
  Writing first = begin("cam01", start);
  go_on(first, 2);
  (void)finish(first, "cam01", start);
  Writing second = begin("cam01", start + std::chrono::seconds(2), 2);
  go_on(second, 2);
  serve();
  const std::string init = named_in("hls/live/media.m3u8");
  fsys::remove(media(store_.segment_path("cam01", start)));
  for (const char* name : {".mp4", "-video.mp4", "-audio.mp4"}) EXPECT_EQ(get(address(init, name)).status, 200) << name;
  EXPECT_EQ(get(file_address(start, "segment.mp4")).status, 404);
}

}  // namespace
}  // namespace cbx::web
