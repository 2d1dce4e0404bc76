#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "cli/times.h"

namespace cbx::prune_tool {
namespace {

// "30d", or "forever".
Result<std::optional<Millis>> parse_keep(const std::string& text) {
  if (text == "forever") return std::optional<Millis>{};
  CBX_ASSIGN(const Millis keep, cli::parse_duration(text));
  return std::optional{keep};
}

// "60G", "5%".
Result<prune::Size> parse_amount(const std::string& text) {
  prune::Size size;
  if (!text.ends_with('%')) {
    CBX_ASSIGN(size.bytes, cli::parse_size(text));
    return size;
  }
  double percent = 0;
  const char* end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(text.data(), end, percent, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !(percent >= 0 && percent <= 100))  // nor "nan"
    return fail(ErrorCode::usage, fmt::format("'{}' is no share: 5%, 0.5%", printable(text)));
  size.percent = percent;
  return size;
}

Result<prune::EventRules> parse_events(const CommandLine& line) {
  prune::EventRules rules;
  if (line.keep_events != "true") {
    const size_t dots = line.keep_events.find("..");
    CBX_ASSIGN(rules.before, cli::parse_duration(line.keep_events.substr(0, dots)));
    rules.after = rules.before;
    if (dots != std::string::npos) {
      CBX_ASSIGN(rules.after, cli::parse_duration(line.keep_events.substr(dots + 2)));
    }
  }
  CBX_ASSIGN(rules.last, cli::parse_duration(line.events_for));
  return rules;
}

// "DEVICE keep=90d max-size=200G": the settings are the last words, DEVICE what stands before them.
struct Rule {
  std::string selector;
  std::optional<std::optional<Millis>> keep;
  std::optional<int64_t> max_size;
};
Result<Rule> parse_rule(const std::string& text) {
  const auto context = [&](Error e) { return fail(std::move(e).context("--rule '" + printable(text) + "'")); };
  Rule rule;
  std::string rest = text;
  while (true) {
    while (rest.ends_with(' ')) rest.pop_back();
    const size_t space = rest.rfind(' ');
    const std::string word = space == std::string::npos ? "" : rest.substr(space + 1);
    if (word.starts_with("keep=")) {
      auto keep = parse_keep(word.substr(5));
      if (!keep) return context(std::move(keep).error());
      if (!rule.keep) rule.keep = *keep;
    } else if (word.starts_with("max-size=")) {
      auto size = cli::parse_size(word.substr(9));
      if (!size) return context(std::move(size).error());
      if (!rule.max_size) rule.max_size = *size;
    } else {
      break;
    }
    rest.resize(space);
  }
  while (rest.starts_with(' ')) rest.erase(0, 1);
  rule.selector = rest;
  if (rest.empty() || (!rule.keep && !rule.max_size) || rest.find('=') != std::string::npos)
    return context({ErrorCode::usage, "a rule is 'DEVICE keep=90d max-size=200G', with either or both"});
  return rule;
}

// A list in the settings file comes as one text, "[a,b]"; a rule never ends in a bracket.
std::vector<std::string> split_rules(const std::vector<std::string>& texts) {
  std::vector<std::string> rules;
  for (const std::string& text : texts) {
    if (!text.starts_with('[') || !text.ends_with(']')) {
      rules.push_back(text);
      continue;
    }
    for (size_t from = 1; from < text.size();) {
      const size_t to = std::min(text.find(',', from), text.size() - 1);
      rules.push_back(text.substr(from, to - from));
      from = to + 1;
    }
  }
  return rules;
}

Status apply_rules(const CommandLine& line, const Known& known, const Logger& log,
                   std::vector<std::pair<std::string, prune::DeviceRules>>& devices) {
  for (const std::string& text : split_rules(line.rules)) {
    CBX_ASSIGN(const Rule rule, parse_rule(text));
    const auto ids = cli::select_devices(rule.selector, known.devices);
    // Without names and tags a rule that keeps more could not be heard of, and files would be deleted for it.
    if (!ids && !known.tags_known)
      return fail(ErrorCode::permission,
                  fmt::format("--rule '{}': nicknames and tags cannot be read from state.db, and no id is meant",
                              printable(text)));
    if (!ids) {
      log.warn("--rule '{}': {}", text, ids.error().message());
      continue;
    }
    for (auto& [id, rules] : devices) {
      if (std::find(ids->begin(), ids->end(), id) == ids->end()) continue;
      if (rule.keep) rules.keep = *rule.keep;
      if (rule.max_size) rules.max_size = *rule.max_size;
    }
  }
  return {};
}

tl::unexpected<Error> of_option(const char* option, Error error) {
  return fail(std::move(error).context(option));
}

}  // namespace

void declare(cli::Tool& tool, CommandLine& line) {
  auto& app = tool.app();
  app.add_option("device", line.selectors, "Only these: ids, nicknames, tag:NAME or globs (all, unless given)")
      ->type_name("[DEVICE]...");
  app.add_option("--keep", line.keep, "Delete what is older, or forever")->type_name("DURATION")->capture_default_str();
  app.add_option("--max-size", line.max_size, "Delete the oldest until all files together have this size")
      ->type_name("SIZE");
  app.add_option("--min-free", line.min_free, "Delete the oldest until so much of the disk is free (60G, 5%)")
      ->type_name("SIZE");
  app.add_option("--rule", line.rules, "'DEVICE keep=90d max-size=200G': other limits for some; the last wins")
      ->type_name("RULE")
      ->allow_extra_args(false);
  app.add_flag("--keep-events", line.keep_events,
               "Keep what was recorded around shocks, SOS and marks; =1m..2m says how long before and after");
  app.add_option("--events-for", line.events_for, "How long an event keeps its files")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--events-at-most", line.events_at_most, "How much of the disk events may keep (60G, 10%)")
      ->type_name("SIZE")
      ->capture_default_str();
  app.add_flag("--even-unpushed", line.even_unpushed, "Delete what has not been copied to the store's targets, too");
  app.add_option("--keep-journals", line.keep_journals, "When the journals of days without files go, or forever")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_flag("--clock-is-right", line.clock_is_right, "Believe the clock although it has jumped");
  app.add_flag("-n,--dry-run", line.dry_run, "Only print what would be deleted");
  app.add_flag("--explain", line.explain, "Delete nothing; say of each file why it would stay or go");
}

Result<prune::Options> resolve(const CommandLine& line, const Known& known, const Logger& log) {
  prune::Options options;
  options.even_unpushed = line.even_unpushed;
  options.clock_is_right = line.clock_is_right;
  options.dry_run = line.dry_run;
  auto keep = parse_keep(line.keep);
  if (!keep) return of_option("--keep", std::move(keep).error());
  if (!line.max_size.empty()) {
    auto size = cli::parse_size(line.max_size);
    if (!size) return of_option("--max-size", std::move(size).error());
    options.max_size = *size;
  }
  if (!line.min_free.empty()) {
    auto size = parse_amount(line.min_free);
    if (!size) return of_option("--min-free", std::move(size).error());
    options.min_free = *size;
  }
  if (!line.keep_events.empty() && line.keep_events != "false") {
    auto events = parse_events(line);
    if (!events) return of_option("--keep-events", std::move(events).error());
    options.events = *events;
  }
  auto at_most = parse_amount(line.events_at_most);
  if (!at_most) return of_option("--events-at-most", std::move(at_most).error());
  options.events_at_most = *at_most;
  auto journals = parse_keep(line.keep_journals);
  if (!journals) return of_option("--keep-journals", std::move(journals).error());
  options.keep_journals = *journals;
  if (options.events && options.keep_journals && *options.keep_journals < options.events->last)
    return fail(ErrorCode::usage, "--keep-journals is shorter than --events-for: events stand in the journals");
  for (const auto& device : known.devices) options.devices.emplace_back(device.id, prune::DeviceRules{*keep, {}});
  CBX_TRY(apply_rules(line, known, log, options.devices));
  std::vector<std::string> chosen;
  for (const auto& selector : line.selectors) {
    CBX_ASSIGN(const auto ids, cli::select_devices(selector, known.devices));
    chosen.insert(chosen.end(), ids.begin(), ids.end());
  }
  if (!line.selectors.empty())
    std::erase_if(options.devices,
                  [&](const auto& d) { return std::find(chosen.begin(), chosen.end(), d.first) == chosen.end(); });
  return options;
}

}  // namespace cbx::prune_tool
