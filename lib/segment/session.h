// Many streams of one input: each has its demuxer and its recorder; what happens to one concerns no other.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "frames/frame.h"
#include "segment/recorder.h"
#include "segment/syncer.h"
#include "ts/demuxer.h"

namespace cbx::segment {

// Not thread-safe: belongs to the thread that reads the input.
class Session {
 public:
  Session(const Shared& shared, Syncer& syncer);
  ~Session();

  // A frame of cbx-ingest's.  Nonsense inside a frame is logged and ignored.
  void on_frame(const frames::Frame& frame);
  // A single stream without frames.
  void open_single(Origin origin, std::unique_ptr<TimeMapper> mapper);
  void push_single(ByteSpan data, WallTime arrival);

  // Call a few times a second.
  void tick();
  // The end of the input: finishes all files.
  void end(const std::string& how);

  bool single_unsupported() const;

  // One line of --progress.
  struct StreamStatus {
    std::string device;
    std::string_view state;
    uint64_t bytes = 0;  // received since the stream was opened
    uint64_t lost = 0;   // packets
  };
  std::vector<StreamStatus> status() const;

 private:
  struct Stream {
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<ts::Demuxer> demuxer;
    uint64_t bytes = 0;
    int64_t losses = 0;  // holes that the sender's side reported
  };

  Stream& open_stream(uint32_t number, Origin origin, std::unique_ptr<TimeMapper> mapper);
  void push(Stream& stream, ByteSpan data, WallTime arrival);
  void close_stream(uint32_t number, const std::string& how);
  void on_open(uint32_t number, std::string_view line);
  void on_record(uint32_t number, std::string_view line, bool closing);

  const Shared& shared_;
  Syncer& syncer_;
  std::map<uint32_t, Stream> streams_;
  std::set<std::string> recovered_;
};

}  // namespace cbx::segment
