#include "base/log.h"

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include "base/time.h"
#include "base/utf8.h"

namespace cbx {

struct Logger::Impl {
  std::shared_ptr<spdlog::logger> out;
  LogFormat format;
  std::string name;
};

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view level_word(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string json_string(std::string_view s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

Logger::Logger(std::string_view name, LogLevel least, LogFormat format, bool color) : impl_(std::make_unique<Impl>()) {
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(
      color && format == LogFormat::text ? spdlog::color_mode::always : spdlog::color_mode::never);
  impl_->out = std::make_shared<spdlog::logger>(std::string(name), std::move(sink));
  impl_->format = format;
  impl_->name = name;
  impl_->out->set_pattern(format == LogFormat::json ? "%v" : "%n: %^%l%$: %v");
  impl_->out->set_level(to_spdlog(least));
  impl_->out->flush_on(spdlog::level::debug);
}

Logger::Logger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Logger::~Logger() = default;
Logger::Logger(Logger&&) noexcept = default;
Logger& Logger::operator=(Logger&&) noexcept = default;

Logger Logger::silent() {
  auto impl = std::make_unique<Impl>();
  impl->out = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::null_sink_mt>());
  impl->format = LogFormat::text;
  return Logger(std::move(impl));
}

bool Logger::enabled(LogLevel level) const {
  return impl_->out->should_log(to_spdlog(level));
}

void Logger::write(LogLevel level, std::string_view message) const {
  const std::string clean = printable(message);
  if (impl_->format == LogFormat::json) {
    const std::string line = fmt::format(R"({{"time":"{}","level":"{}","tool":{},"message":{}}})",
                                         format_rfc3339(floor_ms(SystemClock{}.wall())), level_word(level),
                                         json_string(impl_->name), json_string(clean));
    impl_->out->log(to_spdlog(level), "{}", line);
  } else {
    impl_->out->log(to_spdlog(level), "{}", clean);
  }
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t n = utf8_sequence_length(text);
    const unsigned char c = static_cast<unsigned char>(text[0]);
    // C0, DEL and the C1 range (U+0080 to U+009F, which starts with 0xC2) steer terminals.
    const bool control = c < 0x20 || c == 0x7f || (n == 2 && c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
    if (n == 0 || control) {
      const size_t len = n == 0 ? 1 : n;
      for (size_t i = 0; i < len; i++)
        out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text[i])));
      text.remove_prefix(len);
    } else {
      out.append(text.substr(0, n));
      text.remove_prefix(n);
    }
  }
  return out;
}

}  // namespace cbx
