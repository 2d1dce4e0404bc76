// Program specific information (ISO/IEC 13818-1, 2.4.4): sections, PAT and PMT.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace cbx::ts {

inline constexpr uint8_t kTablePat = 0;
inline constexpr uint8_t kTablePmt = 2;

// CRC of annex A; over a whole section, its CRC field included, it is 0.
uint32_t crc32_mpeg(ByteSpan data);

// Collects the sections of one PID.
class SectionAssembler {
 public:
  // The payload of a packet.  Calls section(ByteSpan) for each whole section, CRC not yet checked.
  template <typename F>
  void packet(ByteSpan payload, bool unit_start, F&& section) {
    if (unit_start) {
      if (payload.empty()) return;
      const size_t pointer = payload[0];
      payload = payload.subspan(1);
      if (pointer > payload.size()) {
        reset();
        return;
      }
      if (!buffer_.empty()) append(payload.first(pointer), section);
      reset();
      payload = payload.subspan(pointer);
      started_ = true;
    }
    if (started_) append(payload, section);
  }
  void reset() {
    buffer_.clear();
    started_ = false;
  }

 private:
  static constexpr size_t kMaxSection = 1024;
  static constexpr uint8_t kStuffing = 0xff;

  template <typename F>
  void append(ByteSpan data, F& section) {
    while (!data.empty()) {
      if (buffer_.empty() && data[0] == kStuffing) {
        started_ = false;
        return;
      }
      const size_t wanted = buffer_.size() < 3 ? 3 : 3 + size_t{read_be16(buffer_.data() + 1) & 0xfffu};
      const size_t taken = std::min(wanted - buffer_.size(), data.size());
      buffer_.insert(buffer_.end(), data.begin(), data.begin() + static_cast<ptrdiff_t>(taken));
      data = data.subspan(taken);
      if (buffer_.size() < 3) return;
      const size_t size = 3 + size_t{read_be16(buffer_.data() + 1) & 0xfffu};
      if (size > kMaxSection) {
        reset();
        return;
      }
      if (buffer_.size() == size) {
        section(ByteSpan(buffer_));
        buffer_.clear();
      }
    }
  }

  Bytes buffer_;
  bool started_ = false;
};

// The header that PAT and PMT sections share.
struct SectionHeader {
  uint8_t table_id = 0;
  uint16_t table_extension = 0;  // transport stream id or program number
  uint8_t version = 0;
  bool current = false;
  uint8_t number = 0, last_number = 0;
  ByteSpan body;  // between header and CRC
};
// nullopt if the section is too short or not of the long form.
std::optional<SectionHeader> parse_section_header(ByteSpan section);

struct PatEntry {
  uint16_t program = 0, pid = 0;
};
std::vector<PatEntry> parse_pat(ByteSpan body);

struct PmtStream {
  uint8_t type = 0;
  uint16_t pid = 0;
  Bytes descriptors;
};
struct Pmt {
  Bytes descriptors;
  std::vector<PmtStream> streams;  // at most 64 are kept
};
std::optional<Pmt> parse_pmt(ByteSpan body);

// Calls f(tag, content) for each descriptor until it returns true; whether it did.
template <typename F>
bool any_descriptor(ByteSpan descriptors, F f) {
  while (descriptors.size() >= 2 && size_t{2} + descriptors[1] <= descriptors.size()) {
    if (f(descriptors[0], descriptors.subspan(2, descriptors[1]))) return true;
    descriptors = descriptors.subspan(size_t{2} + descriptors[1]);
  }
  return false;
}

}  // namespace cbx::ts
