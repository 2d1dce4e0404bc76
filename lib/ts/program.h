// Which program of a transport stream to follow, and which of its streams.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ts/psi.h"
#include "ts/stream_type.h"

namespace cbx::ts {

// What is followed: the first carriable video and the first carriable audio stream of one program.
struct Selection {
  struct Stream {
    uint16_t pid = 0;
    StreamKind kind;
    bool same_as(const Stream& o) const {
      return pid == o.pid && kind.codec == o.kind.codec && kind.latm == o.kind.latm &&
             kind.opus_channels == o.kind.opus_channels;
    }
  };
  uint16_t program = 0;
  std::optional<Stream> video, audio;
  std::vector<std::string> left_out;     // sentences for the operator
  std::vector<std::string> unsupported;  // video that can't be carried
};

// The PAT and the PMTs as far as they came.
class ProgramTable {
 public:
  static constexpr size_t kMaxPrograms = 32;

  // A PAT section.  True if the programs are others than before.
  bool pat(const SectionHeader& section);
  // A PMT section that came on `pid`.  True if it says something new.
  bool pmt(uint16_t pid, const SectionHeader& section);
  // A program that no PAT told of.
  void found_pmt(uint16_t program, uint16_t pid);

  std::vector<uint16_t> pmt_pids() const;
  // What to follow, nullopt while it is not known: the first program with video in the order of the PAT, else the
  // first with audio; programs whose PMT does not come are waited for a while.  `refused` PIDs are not taken.
  std::optional<Selection> select(const std::map<uint16_t, std::string>& refused) const;

 private:
  struct Program {
    uint16_t number = 0, pid = 0;
    int version = -1;
    unsigned seen = 0;  // PMTs since the programs became known
    std::optional<Pmt> pmt;
  };
  static Selection select_in(const Program& program, const std::map<uint16_t, std::string>& refused);

  std::vector<Program> programs_;
  std::vector<Program> next_;  // of a PAT of several sections that is being collected
  int next_version_ = -1;
};

}  // namespace cbx::ts
