// Any time range of a device as one MP4, without re-encoding: planned first, so that its size is known and any stretch
// of it can be read, then read from the recorded files.  Nothing is stored.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_source.h"
#include "base/time_range.h"
#include "index/index.h"
#include "store/store.h"

namespace cbx::cut {

// A recorded file that the cut takes from.
struct Source {
  index::StoredFile file;
  std::string path;    // relative to media
  std::string sha256;  // of the whole file, as recorded; may be empty
  std::optional<int64_t> clock_offset_ms;
  TimeRange used;  // what of it is in the cut
};

struct Hole {
  TimeRange range;
  std::string cause;  // as `cbx-index gaps` tells it
  std::string detail;
};

// Faststart MP4: ftyp, moov, mdat.  Begins at the key frame before `range.from`, an edit list starts it at from.  Where
// something is missing the time line goes on with what follows; sound and picture stay together.  A ByteSource: the
// same range gives the same bytes as long as its sources exist.
class Cut : public ByteSource {
 public:
  virtual const std::string& device() const = 0;
  virtual TimeRange range() const = 0;    // asked for
  virtual TimeRange covered() const = 0;  // from the first to the last instant that is there
  virtual const std::vector<Source>& sources() const = 0;
  virtual const std::vector<Hole>& holes() const = 0;
  virtual int64_t duration_ms() const = 0;
  // Changes when the bytes would: for ETag.
  virtual std::string identity() const = 0;
  // "cam01_2026-11-20_17-01-00_+0900.mp4": device and local time.
  virtual std::string file_name() const = 0;
  // Closes what is kept open for the next read, which opens it again: for who keeps a cut that nobody reads, so that
  // deleted recordings leave the disk.
  virtual void close_files() const = 0;
};

// Errors: no_input when nothing of `range` is there; data when the recordings can't be joined losslessly (the message
// says where and which ranges can).
Result<std::shared_ptr<const Cut>> plan(index::Index& index, std::string_view device, TimeRange range);

// Who asked, for the manifest.
struct Request {
  std::string who;  // login name, or the Unix user at a terminal
  WallMs when{};
  std::string tool;  // "cbx-cut 0.1.0"
  // What else is known; may be left out.
  std::string nickname;   // of the device
  std::string file_name;  // of the cut, where it has another than its own
  // The sources' hashes as just read again, in the order of sources(); "" for one that could not be.
  std::vector<std::string> read_again;
};

// The text beside a cut.  Comment lines tell people and scripts (`# key: value`, the keys of a line once each but for
// `source` and `gap`), then comes one line for `sha256sum -c`, run where the cut lies.  The sources are comments, too,
// since they lie elsewhere: `sed -n 's/^# source: //p' M | (cd ROOT/media && sha256sum -c)` checks them.
// `sha256` is that of the whole cut, see hash().
std::string manifest(const Cut& cut, const store::Store& store, const Request& request, std::string_view sha256);
// Reads it all.  `progress` may be null; returning false from it ends with try_again.
Result<std::string> hash(const Cut& cut, const std::function<bool(uint64_t done)>& progress = {});

// Ed25519 (RFC 8032) with a private key in a PEM file (`openssl genpkey -algorithm ed25519`).  The signature is 64 raw
// bytes, checked by: openssl pkeyutl -verify -pubin -inkey PUB -rawin -in MANIFEST -sigfile SIG
class SigningKey {
 public:
  static Result<SigningKey> load(const std::string& path);
  Result<std::string> sign(std::string_view text) const;
  std::string public_pem() const;
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

 private:
  struct Impl;
  explicit SigningKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cbx::cut
