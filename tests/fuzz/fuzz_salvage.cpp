// Salvage.  The first byte chooses: any content at all, which must come out as a finished file or be refused and left
// alone; or a real recording with damage, of which everything before the damage must stay.
#include <algorithm>
#include <cstring>

#include "fuzz.h"
#include "recording.h"

namespace {

using namespace cbx;

void any(ByteSpan data) {
  test::MemoryFile file(Bytes(data.begin(), data.end()));
  auto salvaged = mp4::salvage(file);
  if (!salvaged) {
    CBX_CHECK(salvaged.error().code() == ErrorCode::data && fuzz::is_clean(salvaged.error().message()));
    CBX_CHECK(file.log.empty());
    return;
  }
  const mp4::Finished& f = salvaged->finished;
  CBX_CHECK(f.bytes == file.bytes.size() && f.duration_ms >= 0 && f.samples >= f.video_samples);
  CBX_CHECK(file.bytes.size() <= data.size() + f.moov_bytes);
  if (salvaged->was_finished)
    CBX_CHECK(file.log.empty());
  else
    (void)fuzz::check_finished(file);
}

void damaged(fuzz::Input input) {
  const uint8_t shape = input.u8();
  const int fragments = 1 + shape % 6;
  const int kind = 1 + (shape >> 3) % 3;
  const bool finished = shape & 0x40;
  const uint64_t reserve = shape & 0x80 ? 64 : 4096;
  test::MemoryFile file = fuzz::recording(fragments, kind, reserve, finished);
  const Bytes whole = file.bytes;
  const mp4::FileMap before = *mp4::read_file_map(file);
  uint64_t first = whole.size();  // byte of the damage
  const auto place = [&] { return input.u16() % file.bytes.size(); };
  while (!input.empty() && !file.bytes.empty()) {
    const uint8_t op = input.u8();
    const uint64_t at = place();
    switch (op % 4) {
      case 0:
        file.bytes.resize(at);
        first = std::min(first, at);
        break;
      case 1:
        file.bytes[at] = input.u8();
        if (at < whole.size() && file.bytes[at] != whole[at]) first = std::min(first, at);
        break;
      case 2: {
        // Blocks that never reached the disk.
        const size_t n = std::min<size_t>(file.bytes.size() - at, size_t{512} + input.u16() % 4096);
        std::memset(file.bytes.data() + at, 0, n);
        first = std::min(first, at);
        break;
      }
      case 3: {
        const ByteSpan more = input.bytes(input.u8());
        file.bytes.insert(file.bytes.end(), more.begin(), more.end());
        break;
      }
    }
  }
  // Fragments that lie wholly before the damage.
  const auto whole_ones =
      static_cast<size_t>(std::count_if(before.fragments.begin(), before.fragments.end(),
                                        [&](const mp4::Fragment& f) { return f.offset + f.size <= first; }));
  const Bytes given = file.bytes;
  const auto salvaged = mp4::salvage(file);
  if (!salvaged) {
    CBX_CHECK(salvaged.error().code() == ErrorCode::data);
    CBX_CHECK(file.bytes == given);
    CBX_CHECK(whole_ones == 0);
    return;
  }
  if (salvaged->was_finished) CBX_CHECK(file.bytes == given);
  const mp4::FileMap after = fuzz::check_finished(file);
  CBX_CHECK(first < before.fragments.front().offset || after.info == before.info);
  if (whole_ones == 0) return;
  CBX_CHECK(after.fragments.size() >= whole_ones);
  const uint64_t until = before.fragments[whole_ones - 1].offset + before.fragments[whole_ones - 1].size;
  const uint64_t from = before.fragments.front().offset;
  CBX_CHECK(after.fragments.front().offset == from);
  CBX_CHECK(std::equal(whole.begin() + static_cast<ptrdiff_t>(from), whole.begin() + static_cast<ptrdiff_t>(until),
                       file.bytes.begin() + static_cast<ptrdiff_t>(from)));
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if (data[0] & 1)
    damaged(fuzz::Input({data + 1, size - 1}));
  else
    any({data + 1, size - 1});
  return 0;
}
