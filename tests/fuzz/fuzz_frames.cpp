// The wire between cbx-ingest and cbx-segment: the same frames whatever the pieces that it comes in.
#include <cstring>
#include <vector>

#include "base/records.h"
#include "frames/frame.h"
#include "fuzz.h"

namespace {

using namespace cbx;

struct Taken {
  std::vector<std::pair<frames::Header, Bytes>> frames;
  bool failed = false;
  bool whole = true;  // ended between frames
};

void feed(frames::Parser& parser, ByteSpan data, Taken& taken) {
  while (!data.empty() && !taken.failed) {
    const std::span<uint8_t> room = parser.room();
    CBX_CHECK(room.size() >= size_t{64} << 10);
    const size_t n = std::min(room.size(), data.size());
    std::copy_n(data.begin(), n, room.begin());
    data = data.subspan(n);
    parser.received(n);
    while (true) {
      const auto frame = parser.next();
      if (!frame) {
        CBX_CHECK(fuzz::is_clean(frame.error().message()));
        taken.failed = true;
        break;
      }
      if (!*frame) break;
      CBX_CHECK((*frame)->payload.size() == (*frame)->header.length);
      taken.frames.emplace_back((*frame)->header, Bytes((*frame)->payload.begin(), (*frame)->payload.end()));
    }
  }
  taken.whole = parser.at_boundary();
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan input(data, size);
  Taken whole, pieces;
  {
    frames::Parser parser;
    feed(parser, input, whole);
  }
  frames::Parser parser;
  fuzz::in_pieces(input, [&](ByteSpan piece) { feed(parser, piece, pieces); });
  CBX_CHECK(whole.frames == pieces.frames && whole.failed == pieces.failed);
  CBX_CHECK(whole.failed || whole.whole == pieces.whole);
  size_t at = 0;
  for (const auto& [header, payload] : whole.frames) {
    uint8_t again[frames::kHeaderSize];
    frames::encode_header(header, again);
    CBX_CHECK(std::memcmp(again, data + at, 28) == 0);
    at += sizeof again + payload.size();
    if (header.kind == frames::Kind::data) continue;
    const auto record = parse_record(as_string(payload));
    if (!record) CBX_CHECK(record.error().code() == ErrorCode::data);
  }
  return 0;
}
