#include <fmt/format.h>
#include <qrencode.h>

#include <memory>

#include "cli/output.h"

namespace cbx::cli {

Result<QrCode> qr_modules(std::string_view text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      text.empty() ? nullptr : QRcode_encodeString8bit(std::string(text).c_str(), 0, QR_ECLEVEL_L), &QRcode_free);
  if (!code) return fail(ErrorCode::data, fmt::format("text of {} bytes does not fit into a QR code", text.size()));
  QrCode out{code->width, {}};
  for (int y = 0; y < out.size; y++) {
    std::string& row = out.rows.emplace_back();
    for (int x = 0; x < out.size; x++) row += (code->data[y * out.size + x] & 1) != 0 ? '1' : '0';
  }
  return out;
}

Result<std::string> qr_code(std::string_view text, bool color) {
  CBX_ASSIGN(const QrCode code, qr_modules(text));
  constexpr int kQuiet = 4;  // modules of margin, ISO/IEC 18004
  const int size = code.size;
  const auto dark = [&](int x, int y) {
    x -= kQuiet, y -= kQuiet;
    return x >= 0 && y >= 0 && x < size && y < size && code.rows[static_cast<size_t>(y)][static_cast<size_t>(x)] == '1';
  };
  // One character cell shows two modules, the upper and the lower one, in the ink's colour.  In colour the ink is the
  // dark module, without it the light one.
  std::string picture;
  for (int y = 0; y < size + 2 * kQuiet; y += 2) {
    if (color) picture += "\033[38;5;16m\033[48;5;231m";
    for (int x = 0; x < size + 2 * kQuiet; x++) {
      const bool below_edge = y + 1 >= size + 2 * kQuiet;
      const bool upper = dark(x, y) == color;
      const bool lower = below_edge ? !color : dark(x, y + 1) == color;
      picture += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    if (color) picture += "\033[0m";
    picture += '\n';
  }
  return picture;
}

}  // namespace cbx::cli
