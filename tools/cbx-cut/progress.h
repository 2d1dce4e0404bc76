// How far it is, on the terminal that stderr may be.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace cbx::cut_tool {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar() { clear(); }
  void draw(uint64_t done, uint64_t whole);
  void clear();

 private:
  const bool on_;
  const Monotonic begin_;
  Monotonic last_{};
  bool drawn_ = false;
};

}  // namespace cbx::cut_tool
