// How far it is, on the terminal that stderr may be.
#pragma once

#include "base/time.h"
#include "verify/verify.h"

namespace cbx::verify_tool {

class ProgressBar {
 public:
  ProgressBar(const Clock& clock, bool color);
  ~ProgressBar() { clear(); }
  void draw(const verify::Progress& now);
  void clear();

 private:
  const Clock& clock_;
  const bool on_, color_;
  Monotonic last_{};
  bool drawn_ = false;
};

}  // namespace cbx::verify_tool
