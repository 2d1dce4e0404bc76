#include "cli/tool.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/file.h"
#include "cli/config_file.h"
#include "cli/times.h"

namespace cbx::cli {

Tool::Tool(std::string name, std::string purpose, std::string version)
    : name_(std::move(name)), version_(std::move(version)), app_(std::move(purpose), name_) {
  guard_standard_descriptors();
  app_.fallthrough();  // --root and friends may stand behind a subcommand, too
  app_.set_version_flag("--version", name_ + " " + version_, "Print the version and exit");
  app_.add_flag("-v,--verbose", verbose_, "Say more on stderr");
  app_.add_flag("-q,--quiet", quiet_, "Say less on stderr (twice: errors only)");
  app_.add_option("--log-format", log_format_, "How to talk on stderr: text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
  app_.add_option("--color", color_, "Colour: auto, always or never (NO_COLOR is honoured)")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  app_.add_option("--config", config_, "Settings file; CBX_CONFIG (default /etc/cbx/cbx.toml)")->type_name("FILE");
}

void Tool::add_root_option() {
  app_.add_option("--root", root_, "The store's folder")->envname("CBX_ROOT")->type_name("DIR")->capture_default_str();
}

void Tool::add_json_option() {
  app_.add_flag("--json", json_, "Print JSON lines");
}

bool Tool::color(int fd) const {
  if (color_ == "always") return true;
  if (color_ == "never") return false;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if ((no_color && *no_color) || !term || std::string_view(term) == "dumb") return false;
  return ::isatty(fd) == 1;
}

namespace {

constexpr const char* kDefaultConfig = "/etc/cbx/cbx.toml";

// The value of --config, which has to be known before the rest is parsed.
std::optional<std::string> config_argument(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; i++) {
    if (arguments[i] == "--config" && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].rfind("--config=", 0) == 0) return arguments[i].substr(9);
  }
  return std::nullopt;
}

bool has_subcommand(CLI::App& app, const std::string& name) {
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(all.begin(), all.end(), [&](const CLI::App* sub) { return sub->check_name(name); });
}

}  // namespace

std::optional<int> Tool::parse(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; i++) arguments.push_back(relative_times_ ? protect_relative_time(argv[i]) : argv[i]);
  std::optional<std::string> file = config_argument(arguments);
  if (const char* env = std::getenv("CBX_CONFIG"); !file && env && *env) file = env;
  ConfigValues values;
  const Status loaded = values.load(file.value_or(kDefaultConfig), file.has_value(), name_, app_);
  const auto word = std::find_if(arguments.begin(), arguments.end(), [](const auto& a) { return !a.starts_with('-'); });
  const std::string first_word = word == arguments.end() ? "" : *word;
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes a vector
    app_.parse(std::move(arguments));
  } catch (const CLI::Success& e) {  // --help, --version
    app_.exit(e);
    if (std::fflush(stdout) == 0 && std::cout.flush()) return 0;
    std::cerr << name_ << ": error: cannot write to standard output\n";
    return static_cast<int>(ErrorCode::io);
  } catch (const CLI::ParseError& e) {
    if (loaded) {
      // CLI11 only says that a subcommand is missing.
      const bool unknown = std::string_view(e.what()).find("subcommand is required") != std::string_view::npos &&
                           !first_word.empty() && !has_subcommand(app_, first_word);
      const std::string what = unknown ? "'" + first_word + "' is no subcommand" : e.what();
      std::cerr << name_ << ": error: " << printable(what) << "\ntry '" << name_ << " --help'\n";
      return static_cast<int>(ErrorCode::usage);
    }
  }
  if (loaded) return std::nullopt;
  std::cerr << name_ << ": error: " << printable(loaded.error().message()) << "\n";
  return loaded.error().exit_code();
}

int Tool::run(int argc, char** argv, const std::function<Result<int>()>& body) {
  if (const auto code = parse(argc, argv)) return *code;
  while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  const LogLevel least = quiet_ > 1    ? LogLevel::error
                         : quiet_ == 1 ? LogLevel::warning
                         : verbose_    ? LogLevel::debug
                                       : LogLevel::info;
  log_.emplace(name_, least, log_format_ == "json" ? LogFormat::json : LogFormat::text, color(2));
  try {
    auto result = body();
    if (!result) {
      log_->error("{}", result.error().message());
      return result.error().exit_code();
    }
    if (std::fflush(stdout) != 0 || !std::cout.flush()) {
      log_->error("cannot write to standard output");
      return static_cast<int>(ErrorCode::io);
    }
    return *result;
  } catch (const std::bad_alloc&) {
    log_->error("out of memory");
    return static_cast<int>(ErrorCode::try_again);
  } catch (const std::exception& e) {
    log_->error("unexpected: {}", e.what());
    return static_cast<int>(ErrorCode::internal);
  }
}

}  // namespace cbx::cli
