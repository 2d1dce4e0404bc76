// Boxes of segment files that strangers may have written: the uuid box, the map, the hidden init.
#include "base/device_id.h"
#include "fuzz.h"
#include "mp4/hybrid_writer.h"
#include "mp4/info_box.h"
#include "mp4/moov.h"
#include "unit/mp4/memory_file.h"

namespace {

using namespace cbx;

void file(ByteSpan data) {
  test::MemoryFile file(Bytes(data.begin(), data.end()));
  const auto info = mp4::read_file_info(file);
  if (!info) CBX_CHECK(info.error().code() == ErrorCode::data && fuzz::is_clean(info.error().message()));
  if (info) CBX_CHECK(is_device_id(info->device));
  const auto map = mp4::read_file_map(file);
  CBX_CHECK(file.log.empty());
  if (!map) return;
  CBX_CHECK(info && map->info == *info);
  uint64_t at = map->init_offset + map->init_size;
  for (const mp4::Fragment& f : map->fragments) {
    CBX_CHECK(f.offset == at && f.size <= data.size() - at && f.track >= 0 && f.tfdt >= 0 && f.duration >= 0);
    at += f.size;
  }
}

// What is read of an init is enough to make one that reads the same.
void init(ByteSpan payload) {
  const auto tracks = mp4::parse_init_moov(payload);
  if (!tracks) return;
  CBX_CHECK(!tracks->empty());
  for (const codec::TrackConfig& t : *tracks) CBX_CHECK(codec::track_timescale(t) > 0);
  const Bytes again = mp4::init_segment(*tracks);
  const auto head = read_be32(again.data());
  CBX_CHECK(head < again.size());
  const auto same = mp4::parse_init_moov(ByteSpan(again).subspan(head + 8));
  CBX_CHECK(same && *same == *tracks);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes copy(data, data + size);
  file(copy);
  init(copy);
  (void)mp4::parse_info_json(copy, "memory");
  return 0;
}
