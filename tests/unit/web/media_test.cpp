// The routes under /media, over the real server.
#include <nlohmann/json.hpp>

#include "service_fixture.h"
#include "web/media_file.h"

namespace cbx::web {
namespace {

namespace fsys = std::filesystem;

class MediaTest : public ServiceTest {
 protected:
  void SetUp() override {
    record_ = recorded("cam01", t0_);
    recorded("cam02", t0_);
    file_ = *open_media_file(store_, "cam01", t0_);
    bytes_ = content(record_.path);
    serve();
  }
  std::string stretch(uint64_t from, uint64_t to) const {
    return file_address(t0_, std::to_string(from) + "-" + std::to_string(to) + ".m4s");
  }

  SegmentRecord record_;
  std::shared_ptr<const MediaFile> file_;
  std::string bytes_;
};

TEST_F(MediaTest, AStretchIsBytesOfTheFile) {
  const Stretch& all = file_->fragments;
  const http::Reply group = get(stretch(all.offset, all.end()));
  EXPECT_EQ(group.status, 200);
  EXPECT_EQ(group.body, bytes_.substr(all.offset, all.bytes));
  EXPECT_EQ(group.header("cache-control"), "private, max-age=31536000, immutable");
  const http::Reply head = get(stretch(all.offset, all.end()), "viewer", "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(all.bytes));
}

TEST_F(MediaTest, AStretchLiesAmongTheFragments) {
  const Stretch& all = file_->fragments;
  for (const auto& [from, to] : std::vector<std::pair<uint64_t, uint64_t>>{{0, all.end()},
                                                                           {all.offset - 1, all.end()},
                                                                           {all.offset, all.end() + 1},
                                                                           {all.end(), all.end() + 10},
                                                                           {0, 10},
                                                                           {all.offset, uint64_t{1} << 53}})
    EXPECT_EQ(get(stretch(from, to)).status, 404) << from << "-" << to;
  for (const char* name : {"5-4.m4s", "4-4.m4s", "-4.m4s", "4-.m4s", "18446744073709551615-18446744073709551616.m4s",
                           "0x10-0x20.m4s", "1-2.mp4", "records.jsonl", "..m4s"})
    EXPECT_EQ(get(file_address(t0_, name)).status, 404) << name;
}

TEST_F(MediaTest, StrangersFindNothing) {
  const std::string paths[] = {"/media/cam01/init/0123456789abcdef.mp4",
                               stretch(file_->fragments.offset, file_->fragments.end()),
                               file_address(t0_, "segment.mp4"),
                               "/media/cam01/init/0123456789abcdef-video.mp4",
                               file_address(t0_, "video/1000.m4s"),
                               "/media/cam01/hls/2026-11-20/main.m3u8",
                               "/media/cam01/hls/2026-11-20/media.m3u8",
                               "/media/cam01/hls/live/media.m3u8",
                               "/media/cam01/dash/2026-11-20/manifest.mpd",
                               "/media/cam01/cut/2026-11-20/video.mp4",
                               "/media/cam01/cut/2026-11-20/manifest"};
  for (const std::string& path : paths) {
    EXPECT_EQ(get(path, "").status, 401) << path;
    const http::Reply reply = get(path, "stranger");
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_NE(reply.body.find("no such camera"), std::string::npos) << path << ": " << reply.body;
    EXPECT_EQ(get(path, "device").status, 404) << path << ": a camera only reports";
  }
  EXPECT_EQ(get("/media/cam02/hls/2026-11-20/main.m3u8", "owner").status, 404) << "another one's";
}

TEST_F(MediaTest, TricksInEveryPlaceOfAnAddress) {
  std::ofstream(dir_.path() + "/secret") << "the secret";
  const std::string tricks[] = {"..%2F..%2Fsecret",
                                "%2e%2e",
                                "....",
                                "%2Fetc%2Fpasswd",
                                "cam01%00",
                                "cam01%2f..",
                                "-1",
                                "%7E",
                                "99999999999999999999999999999999",
                                "CAM01",
                                "%ff"};
  for (const std::string& t : tricks) {
    const std::string paths[] = {"/media/" + t + "/hls/2026-11-20/main.m3u8",
                                 "/media/" + t + "/" + id(t0_) + "/segment.mp4",
                                 "/media/cam01/hls/" + t + "/main.m3u8",
                                 "/media/cam01/dash/" + t + "/manifest.mpd",
                                 "/media/cam01/cut/" + t + "/video.mp4",
                                 "/media/cam01/" + t + "/segment.mp4",
                                 "/media/cam01/init/" + t,
                                 "/media/cam01/" + t + "/0-100.m4s",
                                 file_address(t0_, t),
                                 "/media/cam01/init/" + t + ".mp4",
                                 file_address(t0_, "video/" + t),
                                 file_address(t0_, "video/" + t + ".m4s")};
    for (const std::string& path : paths)
      for (const char* who : {"owner", "admin"}) {
        const http::Reply reply = get(path, who);
        EXPECT_TRUE(reply.status == 404 || reply.status == 400) << path << ": " << reply.status;
        EXPECT_EQ(reply.body.find("the secret"), std::string::npos) << path;
        EXPECT_EQ(reply.body.find(dir_.path()), std::string::npos) << path << ": " << reply.body;
      }
  }
}

TEST_F(MediaTest, LinksInTheTreeAreNotServed) {
  const WallMs link = t0_ + std::chrono::minutes(1);
  fsys::create_symlink(media(record_.path), media(store_.segment_path("cam01", link)));
  const http::Reply reply = get(file_address(link, "segment.mp4"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body.find(dir_.path()), std::string::npos) << reply.body;
}

TEST_F(MediaTest, AWholeFileInPieces) {
  const std::string path = file_address(t0_, "segment.mp4");
  const http::Reply whole = get(path);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, bytes_);
  EXPECT_EQ(whole.header("accept-ranges"), "bytes");
  const std::string etag = whole.header("etag");
  ASSERT_FALSE(etag.empty());

  const http::Reply part = get(path, "owner", "Range: bytes=100-199\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, bytes_.substr(100, 100));
  EXPECT_EQ(part.header("content-range"), "bytes 100-199/" + std::to_string(bytes_.size()));
  EXPECT_EQ(get(path, "owner", "Range: bytes=-50\r\n").body, bytes_.substr(bytes_.size() - 50));
  EXPECT_EQ(get(path, "owner", "Range: bytes=99999999999-\r\n").status, 416);
  EXPECT_EQ(get(path, "owner", "Range: bytes=0-9,20-29\r\n").body, bytes_) << "several at once: the whole";
  EXPECT_EQ(get(path, "owner", "If-None-Match: " + etag + "\r\n").status, 304);
  EXPECT_EQ(get(path, "owner", "Range: bytes=0-9\r\nIf-Range: " + etag + "\r\n").status, 206);
  EXPECT_EQ(get(path, "owner", "Range: bytes=0-9\r\nIf-Range: \"other\"\r\n").status, 200);
  const http::Reply head = get(path, "owner", "", "HEAD");
  EXPECT_EQ(head.header("content-length"), std::to_string(bytes_.size()));
  EXPECT_EQ(head.header("content-disposition"), "");
  const std::string name = get(path + "?download=1", "owner", "", "HEAD").header("content-disposition");
  EXPECT_NE(name.find("cam01_2026-11-20_17-00-00_+0900.mp4"), std::string::npos) << name;
}

TEST_F(MediaTest, WhatWasDeletedIsGone) {
  const std::string path = file_address(t0_, "segment.mp4");
  ASSERT_EQ(get(path).status, 200);
  fsys::remove(media(record_.path));
  EXPECT_EQ(get(path).status, 404) << "though it had been open";
  EXPECT_EQ(get(stretch(file_->fragments.offset, file_->fragments.end())).status, 404);
}

TEST_F(MediaTest, OfAFileThatBecameShorterIsServedWhatIsThere) {
  const std::string path = stretch(file_->fragments.offset, file_->fragments.end());
  ASSERT_EQ(get(path).status, 200);
  fsys::resize_file(media(record_.path), file_->fragments.offset + 10);
  EXPECT_EQ(get(path).status, 404) << "though it had been open";
  EXPECT_EQ(get("/media/cam02/hls/2026-11-20/main.m3u8", "admin").status, 200) << "the server lives";
}

TEST_F(MediaTest, OfAFileInWritingTheWholeFragmentsAreServed) {
  const WallMs start = t0_ + std::chrono::minutes(1);
  Writing w = begin("cam01", start);
  go_on(w, 2);
  const auto part = open_media_file(store_, "cam01", start);
  ASSERT_TRUE(part);
  const Stretch all = (*part)->fragments;
  const auto address = [&](uint64_t to) {
    return file_address(start, std::to_string(all.offset) + "-" + std::to_string(to) + ".m4s");
  };
  EXPECT_EQ(get(address(all.end())).body.size(), all.bytes);
  EXPECT_EQ(get(address(all.end() + 1)).status, 404);
  EXPECT_EQ(get(file_address(start, "segment.mp4")).status, 404) << "not finished";
  finish(w, "cam01", start);
  EXPECT_EQ(get(file_address(start, "segment.mp4")).status, 200);
  EXPECT_EQ(get(address(all.end())).body.size(), all.bytes) << "the address of the group holds for ever";
}

TEST_F(MediaTest, PlaylistsOfADayAndOfARange) {
  for (const char* when : {"2026-11-20", "2026-11-20T08:00:00Z..2026-11-20T18:00:00%2B09:00",
                           "2026-11-01T00:00:00Z..2026-12-01T00:00:00Z"}) {
    const std::string base = "/media/cam01/hls/" + std::string(when);
    const http::Reply main = get(base + "/main.m3u8");
    ASSERT_EQ(main.status, 200) << when << main.body;
    EXPECT_EQ(main.header("content-type"), "application/vnd.apple.mpegurl");
    EXPECT_TRUE(main.body.starts_with("#EXTM3U")) << main.body;
    const http::Reply list = get(base + "/media.m3u8", "viewer");
    ASSERT_EQ(list.status, 200);
    EXPECT_NE(list.body.find("../../" + id(t0_) + "/"), std::string::npos) << list.body;
    EXPECT_NE(list.body.find("#EXT-X-ENDLIST"), std::string::npos);
    const std::string etag = list.header("etag");
    ASSERT_FALSE(etag.empty());
    EXPECT_EQ(get(base + "/media.m3u8", "owner", "If-None-Match: " + etag + "\r\n").status, 304);
    const http::Reply dash = get("/media/cam01/dash/" + std::string(when) + "/manifest.mpd");
    EXPECT_EQ(dash.status, 200);
    EXPECT_EQ(dash.header("content-type"), "application/dash+xml");
  }
}

TEST_F(MediaTest, AddressesInPlaylistsLeadToBytes) {
  const std::string list = get("/media/cam01/hls/2026-11-20/media.m3u8").body;
  size_t followed = 0;
  for (size_t at = list.find("../../"); at != std::string::npos; at = list.find("../../", at + 1)) {
    const size_t end = list.find_first_of("\"\n", at);
    const http::Reply reply = get("/media/cam01/" + list.substr(at + 6, end - at - 6));
    EXPECT_EQ(reply.status, 200) << list.substr(at, end - at);
    followed++;
  }
  EXPECT_GE(followed, 2U) << list;
}

TEST_F(MediaTest, APlaylistFollowsWhatIsAddedAndDeleted) {
  const std::string path = "/media/cam01/hls/2026-11-20/media.m3u8";
  const http::Reply first = get(path);
  const WallMs next = t0_ + std::chrono::minutes(1);
  recorded("cam01", next);
  const http::Reply second = get(path);
  EXPECT_EQ(first.body.find(id(next)), std::string::npos);
  EXPECT_NE(second.body.find(id(next)), std::string::npos);
  EXPECT_NE(first.header("etag"), second.header("etag"));
  DeleteRecord gone;
  gone.device = "cam01";
  gone.time = next;
  gone.start = next;
  gone.path = store_.segment_path("cam01", next);
  gone.reason = "rm";
  add_to_index({gone});
  EXPECT_EQ(get(path).header("etag"), first.header("etag"));
}

TEST_F(MediaTest, WrongTimesAreToldWhatIsWrong) {
  const std::map<std::string, std::string> wrong{{"tomorrow", "2026-11-20T08:00:00Z.."},
                                                 {"2026-13-01", "2026-11-20T08:00:00Z.."},
                                                 {"2026-11-20..2026-11-21", "2026-11-20T08:00:00Z.."},
                                                 {"2026-11-20T08:00:00Z..", "2026-11-20T08:00:00Z.."},
                                                 {"2026-11-20T08:00:00Z..2026-11-20T07:00:00Z", "before it begins"},
                                                 {"2026-01-01T00:00:00Z..2026-11-20T08:00:00Z", "31 days"}};
  for (const auto& [when, why] : wrong) {
    const http::Reply reply = get("/media/cam01/hls/" + when + "/main.m3u8");
    EXPECT_EQ(reply.status, 400) << when;
    EXPECT_NE(reply.body.find(why), std::string::npos) << reply.body;
  }
  EXPECT_EQ(get("/media/cam01/hls/2026-11-01/main.m3u8").status, 404) << "nothing is recorded of that day";
  const http::Reply future = get("/media/cam01/dash/9000-01-01/manifest.mpd");
  EXPECT_EQ(future.status, 404);
  EXPECT_NE(future.body.find("not come yet"), std::string::npos) << future.body;
  EXPECT_EQ(get("/media/cam01/cut/live/video.mp4").status, 400);
}

// Days by words are those of the dates; nobody keeps them until they mean other ones.
TEST_F(MediaTest, TodayAndYesterday) {
  const WallMs now = floor_ms(system_clock_.wall()), midnight = start_of_day(now, store_.utc_offset());
  const WallMs today = midnight + (now - midnight) / 2;
  for (const auto& [word, start] :
       {std::pair<std::string, WallMs>{"today", today}, {"yesterday", today - std::chrono::hours(24)}}) {
    recorded("cam01", start);
    const http::Reply reply = get("/media/cam01/hls/" + word + "/media.m3u8");
    ASSERT_EQ(reply.status, 200) << word << reply.body;
    EXPECT_NE(reply.body.find(id(start)), std::string::npos) << reply.body;
    EXPECT_EQ(reply.header("cache-control"), "private, no-cache");
    EXPECT_EQ(reply.body, get("/media/cam01/hls/" + format_day(start, store_.utc_offset()) + "/media.m3u8").body);
    EXPECT_EQ(get("/media/cam01/cut/" + word + "/video.mp4", "owner", "", "HEAD").status, 200) << word;
  }
}

// Records of older recorders say nothing of groups: more files than may be read at once are read by a worker, and once.
TEST_F(MediaTest, ADayWhoseFilesHaveToBeRead) {
  std::vector<WallMs> starts{t0_};
  for (int i = 1; i <= 20; i++) {
    starts.push_back(t0_ + std::chrono::seconds(10 * i));
    recorded("cam01", starts.back());
  }
  for (const char* path : {"/media/cam01/hls/2026-11-20/media.m3u8", "/media/cam01/dash/2026-11-20/manifest.mpd"}) {
    const http::Reply reply = get(path);
    ASSERT_EQ(reply.status, 200) << reply.body;
    for (const WallMs start : starts) EXPECT_NE(reply.body.find("/" + id(start) + "/"), std::string::npos) << id(start);
  }
  // What was read is known, also for another playlist.
  fsys::rename(media(store_.segment_path("cam01", t0_)), dir_.path() + "/away");
  const http::Reply hour = get("/media/cam01/hls/2026-11-20T08:00:00Z..2026-11-20T09:00:00Z/media.m3u8");
  EXPECT_NE(hour.body.find("/" + id(t0_) + "/"), std::string::npos) << hour.body;
}

// Players and what stands between add their own (CMCD, CTA-5004); only what is known must be said rightly.
TEST_F(MediaTest, Queries) {
  EXPECT_EQ(get("/media/cam01/hls/2026-11-20/media.m3u8?CMCD=bl%3D100").status, 200);
  const std::string file = file_address(t0_, "segment.mp4");
  EXPECT_EQ(get(file + "?x=1").header("content-disposition"), "");
  for (const char* yes : {"?download=1", "?download=true", "?download", "?download="})
    EXPECT_NE(get(file + yes).header("content-disposition"), "") << yes;
  EXPECT_EQ(get(file + "?download=0").header("content-disposition"), "");
  EXPECT_EQ(get(file + "?download=please").status, 400);
}

TEST_F(MediaTest, TracksApart) {
  const http::Reply dash = get("/media/cam01/dash/2026-11-20/manifest.mpd");
  ASSERT_EQ(dash.status, 200);
  const auto timeline = [&] {
    const auto opened =
        vault_->open({.name = "owner", .token = {}, .session = {}, .only_device = {}}, "cam01", Permission::view);
    return *playback::read_timeline(opened->index(), "cam01", {t0_, t0_ + std::chrono::minutes(1)});
  }();
  const playback::Piece& piece = timeline.pieces.at(0);
  const std::string time = std::to_string(playback::track_time(piece, piece.groups.at(0)));
  const http::Reply video = get(file_address(t0_, "video/" + time + ".m4s"));
  const http::Reply audio = get(file_address(t0_, "audio/" + time + ".m4s"));
  ASSERT_EQ(video.status, 200) << time << video.body;
  ASSERT_EQ(audio.status, 200);
  EXPECT_EQ(video.body.substr(4, 4), "moof");
  EXPECT_EQ(audio.body.substr(4, 4), "moof");
  EXPECT_EQ(video.body.size() + audio.body.size(), piece.groups.at(0).bytes) << "each byte in one of them";
  EXPECT_EQ(get(file_address(t0_, "video/" + time + ".m4s"), "viewer").body, video.body) << "from the cache";
  EXPECT_EQ(get(file_address(t0_, "video/" + time + ".m4s"), "stranger").status, 404);
  EXPECT_EQ(get(file_address(t0_, "video/123456789.m4s")).status, 404);
}

TEST_F(MediaTest, ACutAndItsManifest) {
  const std::string base = "/media/cam01/cut/2026-11-20";
  const http::Reply whole = get(base + "/video.mp4");
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.body.substr(4, 4), "ftyp");
  EXPECT_NE(whole.header("content-disposition").find("cam01_2026-11-20"), std::string::npos);
  const http::Reply part = get(base + "/video.mp4", "viewer", "Range: bytes=50-149\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(50, 100));
  EXPECT_EQ(part.header("etag"), whole.header("etag"));
  const http::Reply manifest = get(base + "/manifest", "viewer");
  ASSERT_EQ(manifest.status, 200) << manifest.body;
  EXPECT_NE(manifest.body.find("viewer"), std::string::npos) << manifest.body;
  EXPECT_NE(manifest.body.find("cbx-serve 1.2.3"), std::string::npos) << manifest.body;
  EXPECT_EQ(get(base + "/manifest", "viewer").body, manifest.body) << "the time of asking, too";
  EXPECT_NE(get(base + "/manifest", "owner").body, manifest.body);
  EXPECT_EQ(get(base + "/manifest.sig").status, 404) << "without a key";
  EXPECT_EQ(get("/media/cam01/cut/2026-11-01/video.mp4").status, 404) << "nothing recorded";
  EXPECT_EQ(get("/media/cam01/cut/2026-11-01T00:00:00Z..2026-11-20T00:00:00Z/video.mp4").status, 400) << "too long";
}

TEST_F(MediaTest, WithoutAnIndexPlaylistsCanBeHadLater) {
  for (const char* ending : {"", "-wal", "-shm"}) fsys::remove(store_.index_path() + ending);
  for (const char* path : {"/media/cam01/hls/2026-11-20/main.m3u8", "/media/cam01/cut/2026-11-20/video.mp4"}) {
    const http::Reply reply = get(path);
    EXPECT_EQ(reply.status, 503) << path;
    EXPECT_NE(reply.header("retry-after"), "");
    EXPECT_NE(reply.body.find("index"), std::string::npos) << reply.body;
  }
  EXPECT_EQ(get(file_address(t0_, "segment.mp4")).status, 200);
  EXPECT_EQ(get(stretch(file_->fragments.offset, file_->fragments.end())).status, 200);
}

TEST_F(MediaTest, BlockingReloadIsCheckedForForm) {
  const WallMs start = floor_ms(system_clock_.wall()) - std::chrono::seconds(13);
  Writing w = begin("cam01", start);
  go_on(w, 13);  // a whole group, and some of the next
  const std::string path = "/media/cam01/hls/live/media.m3u8";
  const http::Reply now = get(path);
  ASSERT_EQ(now.status, 200) << now.body;
  EXPECT_EQ(now.header("cache-control"), "no-store");
  for (const char* query : {"?_HLS_msn=x", "?_HLS_msn=-1", "?_HLS_part=0",
                            "?_HLS_msn=1&_HLS_part=", "?_HLS_msn=99999999999999999999", "?_HLS_msn=4503599627370496"})
    EXPECT_EQ(get(path + query).status, 400) << query;
  EXPECT_EQ(get("/media/cam01/hls/live/main.m3u8").status, 200);
  EXPECT_EQ(get("/media/cam01/dash/live/manifest.mpd").status, 200);
}

}  // namespace
}  // namespace cbx::web
