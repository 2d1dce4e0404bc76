#include "verify/finding.h"

#include <nlohmann/json.hpp>

namespace cbx::verify {

std::string to_line(const Finding& f) {
  nlohmann::ordered_json j{{"v", 1}, {"type", "finding"}, {"kind", f.kind}};
  if (!f.device.empty()) j["device"] = f.device;
  j["path"] = f.path;
  if (f.start) j["start"] = format_rfc3339(*f.start);
  if (f.line > 0) j["line"] = f.line;
  j["detail"] = f.detail;
  j["repaired"] = f.repaired;
  // Names on a disk need not be UTF-8.
  return j.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace cbx::verify
