#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"

namespace cbx::cli {
namespace {

constexpr size_t kBuffer = 64 << 10;
constexpr size_t kRowsHeld = 200;

}  // namespace

void Output::write(std::string_view text) {
  if (!status_) return;
  buffer_ += text;
  if (buffer_.size() >= kBuffer) (void)flush();
}

void Output::line(std::string_view text) {
  write(text);
  write("\n");
}

void Output::path(std::string_view text, bool nul) {
  write(text);
  write(std::string_view(nul ? "\0" : "\n", 1));
}

Status Output::flush() {
  if (status_ && !buffer_.empty()) status_ = write_all(fd_, as_bytes(buffer_), "standard output");
  buffer_.clear();
  return status_;
}

Table::Table(Output& out, std::vector<Column> columns, bool color)
    : out_(out), columns_(std::move(columns)), color_(color) {
  for (const Column& column : columns_) widths_.push_back(display_width(column.title));
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  if (released_) return print(cells, false);
  for (size_t i = 0; i < cells.size(); i++) widths_[i] = std::max(widths_[i], display_width(cells[i]));
  held_.push_back(std::move(cells));
  if (held_.size() >= kRowsHeld) release();
}

void Table::finish() {
  if (!released_ && !held_.empty()) release();
}

void Table::release() {
  released_ = true;
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  print(titles, true);
  for (const auto& cells : held_) print(cells, false);
  held_.clear();
}

void Table::print(const std::vector<std::string>& cells, bool header) {
  std::string line;
  for (size_t i = 0; i < cells.size(); i++) {
    const size_t width = display_width(cells[i]);
    const std::string pad(widths_[i] > width ? widths_[i] - width : 0, ' ');
    if (i > 0) line += "  ";
    line += columns_[i].align == Align::right ? pad + cells[i] : cells[i] + pad;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out_.line(header && color_ ? "\033[1m" + line + "\033[0m" : line);
}

std::string human_bytes(int64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) value /= 1024, unit++;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_duration(Millis duration) {
  const int64_t ms = duration.count();
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  const int64_t s = ms / 1000;
  if (s < 3600) return fmt::format("{}m {:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h {:02}m", s / 3600, s % 3600 / 60);
  return fmt::format("{}d {:02}h", s / 86400, s % 86400 / 3600);
}

std::string human_bit_rate(int64_t bits) {
  const auto value = static_cast<double>(bits);
  if (bits < 1'000) return fmt::format("{} bit/s", bits);
  if (bits < 1'000'000) return fmt::format("{:.0f} kbit/s", value / 1e3);
  return fmt::format("{:.2f} Mbit/s", value / 1e6);
}

std::string human_time(WallMs t, UtcOffset offset, bool millis) {
  const LocalTime l = to_local(t, offset);
  const std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", l.year, l.month, l.day, l.hour, l.minute, l.second);
  return millis ? fmt::format("{}.{:03}", text, l.millisecond) : text;
}

}  // namespace cbx::cli
