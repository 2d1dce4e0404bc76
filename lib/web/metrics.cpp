#include "web/metrics.h"

#include <fmt/format.h>

#include <cmath>

namespace cbx::web {
namespace {

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '\\' || (quotes && c == '"'))
      out += {'\\', c};
    else
      out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Counts are whole, and exact.
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{}", value);
}

}  // namespace

void Metrics::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name, type);
}

void Metrics::sample(const Labels& labels, double value, std::string_view suffix) {
  text_ += name_;
  text_ += suffix;
  for (size_t i = 0; i < labels.size(); i++)
    text_ += fmt::format("{}{}=\"{}\"", i ? "," : "{", labels[i].first, escaped(labels[i].second, true));
  text_ += (labels.empty() ? " " : "} ") + number(value) + "\n";
}

}  // namespace cbx::web
