// A mail server that keeps what it is given, with its queue.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "net/mailer.h"

namespace cbx::web {

class LetterBox final : public net::Mailer {
 public:
  Status send(const net::Letter& letter) override {
    const std::lock_guard lock(mutex_);
    letters_.push_back(letter);
    came_.notify_all();
    return {};
  }
  void stop() override {}

  // The n-th letter, counted from 1; an empty one when it doesn't come.
  net::Letter letter(size_t n) {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::seconds(20), [&] { return letters_.size() >= n; });
    return letters_.size() >= n ? letters_[n - 1] : net::Letter{};
  }
  size_t size() {
    const std::lock_guard lock(mutex_);
    return letters_.size();
  }
  // The code that the n-th letter tells.
  std::string code(size_t n) {
    const std::string text = letter(n).text;
    const size_t at = text.find("\n    ");
    return at == std::string::npos ? "" : text.substr(at + 5, 6);
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<net::Letter> letters_;
  SystemClock clock_;
  Logger log_ = Logger::silent();

 public:
  net::MailQueue queue{*this, clock_, log_, {}};
};

}  // namespace cbx::web
