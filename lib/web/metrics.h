// Prometheus's text exposition format, 0.0.4.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cbx::web {

// Collects the lines of one scrape.  Families come in the order of family(); their samples follow at once.
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // `type`: "counter", "gauge", "histogram".
  void family(std::string_view name, std::string_view type, std::string_view help);
  // Of the last family, with `suffix` behind its name.
  void sample(const Labels& labels, double value, std::string_view suffix = "");

  const std::string& text() const { return text_; }

 private:
  std::string name_, text_;
};

}  // namespace cbx::web
