// The talk of a tool on stderr.  A Logger is made once in main and handed down; there is no global one.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

namespace cbx {

enum class LogLevel { debug, info, warning, error };
enum class LogFormat { text, json };

// Thread-safe.  Messages are lower case, without a full stop, fault first, names in 'single quotes', never a secret.
// Control characters in a message are escaped, so that a stranger's name can't write to the operator's terminal.
class Logger {
 public:
  // `name` is the tool's name, put before each message; `color` as decided by the command line.
  Logger(std::string_view name, LogLevel least, LogFormat format, bool color);
  // A logger that says nothing, for tests.
  static Logger silent();
  ~Logger();
  Logger(Logger&&) noexcept;
  Logger& operator=(Logger&&) noexcept;

  template <typename... Args>
  void debug(fmt::format_string<Args...> f, Args&&... args) const {
    if (enabled(LogLevel::debug)) write(LogLevel::debug, fmt::format(f, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> f, Args&&... args) const {
    if (enabled(LogLevel::info)) write(LogLevel::info, fmt::format(f, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> f, Args&&... args) const {
    write(LogLevel::warning, fmt::format(f, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> f, Args&&... args) const {
    write(LogLevel::error, fmt::format(f, std::forward<Args>(args)...));
  }
  bool enabled(LogLevel level) const;
  void write(LogLevel level, std::string_view message) const;

 private:
  struct Impl;
  explicit Logger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Escapes control characters (and invalid UTF-8) of foreign text as \xNN.
std::string printable(std::string_view text);

}  // namespace cbx
