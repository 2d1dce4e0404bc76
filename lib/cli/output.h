// Standard output as data: buffered, its errors kept until flush(), and tables for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace cbx::cli {

// Buffers writes to a descriptor.  After an error nothing more is written and every flush() returns it.
class Output {
 public:
  explicit Output(int fd = 1) : fd_(fd) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { (void)flush(); }

  void write(std::string_view text);
  void line(std::string_view text);
  // A path as -0 wants it: NUL behind it, or newline without -0.
  void path(std::string_view text, bool nul);
  Status flush();
  bool failed() const { return !status_; }

 private:
  int fd_;
  std::string buffer_;
  Status status_;
};

enum class Align { left, right };
struct Column {
  std::string title;
  Align align = Align::left;
};

// Rows of text in aligned columns, the widths counted in terminal columns.  Streams: widths are taken from the first
// rows, a later, wider cell pushes its row out of line rather than being cut.  Control characters in cells are escaped.
class Table {
 public:
  // `color`: the header is bold.
  Table(Output& out, std::vector<Column> columns, bool color);
  ~Table() { finish(); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void row(std::vector<std::string> cells);
  // Prints what is held back.  A table without rows prints nothing.
  void finish();

 private:
  void print(const std::vector<std::string>& cells, bool header);
  void release();

  Output& out_;
  std::vector<Column> columns_;
  bool color_;
  bool released_ = false;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> held_;
};

// "812 B", "30.5 MiB"
std::string human_bytes(int64_t bytes);
// "0.5 s", "59.9 s", "1m 00s", "2h 05m", "3d 04h"
std::string human_duration(Millis duration);
// "4.27 Mbit/s"
std::string human_bit_rate(int64_t bits_per_second);
// "2026-11-20 17:01:00" in `offset`, with ".033" when `millis`
std::string human_time(WallMs t, UtcOffset offset, bool millis = false);

// A QR code (ISO/IEC 18004) as its modules, row by row, '1' for a dark one, without the quiet zone of 4 modules that
// has to be left around it.
struct QrCode {
  int size = 0;  // modules a side
  std::vector<std::string> rows;
};
// Error `data` when the text is too long (2953 bytes).
Result<QrCode> qr_modules(std::string_view text);

// The code as UTF-8 half blocks with its quiet zone.  `color`: black on white by escape sequences, readable on dark and
// light terminals; without it the blocks assume light text on a dark ground.  Error `data` when the text is too long.
Result<std::string> qr_code(std::string_view text, bool color);

}  // namespace cbx::cli
