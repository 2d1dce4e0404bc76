#include "report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cbx::prune_tool {

using prune::Why;

namespace {

std::string in_words(const prune::Verdict& v) {
  static const auto due_words = [](Why why) {
    return why == Why::age ? "old enough to go" : why == Why::size ? "over the size" : "the disk is too full";
  };
  switch (v.why) {
    case Why::not_due:
      return "no rule wants it gone";
    case Why::too_young:
      return fmt::format("{}, but only just recorded", due_words(*v.due));
    case Why::pinned:
      return fmt::format("{}, but pinned", due_words(*v.due));
    case Why::event:
      return fmt::format("{}, but kept for an event", due_words(*v.due));
    case Why::unpushed:
      return fmt::format("{}, but not copied to every target yet", due_words(*v.due));
    case Why::age:
    case Why::size:
    case Why::free:
      return due_words(v.why);
  }
  return {};
}

std::string what_holds(const prune::Outcome& outcome) {
  static constexpr std::pair<Why, const char*> kHolds[] = {
      {Why::pinned, "pinned (see 'cbx-index pins')"},
      {Why::event, "kept for events (--keep-events)"},
      {Why::unpushed, "not yet copied to the store's targets (--even-unpushed)"},
      {Why::too_young, "of the last minutes"}};
  std::string text;
  for (const auto& [why, words] : kHolds) {
    const auto& held = outcome.held[static_cast<size_t>(why)];
    if (held.files == 0) continue;
    text += fmt::format("{}{} files ({}) are {}", text.empty() ? "" : ", ", held.files, cli::human_bytes(held.bytes),
                        words);
  }
  return text.empty() ? "there are no files left to delete: something else fills the disk" : text;
}

}  // namespace

ExplainPrinter::ExplainPrinter(cli::Output& out, const store::Store& store, const cli::Tool& tool)
    : out_(out),
      store_(store),
      json_(tool.json()),
      table_(out, {{"DEVICE"}, {"START"}, {"SIZE", cli::Align::right}, {"VERDICT"}, {"REASON"}, {"WHY"}},
             tool.color(1)) {}

Status ExplainPrinter::print(const prune::Explained& e) {
  const char* action = e.verdict.goes() ? "delete" : "keep";
  if (json_) {
    nlohmann::ordered_json j{{"v", 1},
                             {"type", "decision"},
                             {"device", e.device},
                             {"start", format_rfc3339(e.file.start)},
                             {"path", store_.segment_path(e.device, e.file.start)},
                             {"bytes", e.file.bytes},
                             {"action", action},
                             {"reason", word(e.verdict.why)}};
    if (e.verdict.due) j["due"] = word(*e.verdict.due);
    out_.line(j.dump());
  } else {
    table_.row({e.device, cli::human_time(e.file.start, store_.utc_offset()), cli::human_bytes(e.file.bytes), action,
                word(e.verdict.why), in_words(e.verdict)});
  }
  return out_.failed() ? out_.flush() : Status{};
}

Result<int> conclude(const prune::Outcome& outcome, const prune::Options& options, const Logger& log) {
  const auto& [files, bytes] = outcome.deleted;
  const std::string days =
      outcome.journals > 0 ? fmt::format(", and the journals of {} days without files", outcome.journals) : "";
  if (files > 0 || outcome.journals > 0)
    log.info("{} {} files, {}{}", options.dry_run ? "would delete" : "deleted", files, cli::human_bytes(bytes), days);
  else
    log.debug("nothing to delete");
  bool missed = false;
  if (outcome.frees_nothing) {
    log.error(
        "files were deleted, but the disk did not become emptier by it: stopped {} short of --min-free (snapshots "
        "of the file system, or files that are held open?)",
        cli::human_bytes(outcome.short_of_free));
    missed = true;
  } else if (outcome.short_of_free > 0) {
    log.error("{} are missing to --min-free: {}", cli::human_bytes(outcome.short_of_free), what_holds(outcome));
    missed = true;
  }
  if (outcome.over_size > 0) {
    log.error("{} over the size that is allowed: {}", cli::human_bytes(outcome.over_size), what_holds(outcome));
    missed = true;
  }
  if (outcome.failures > 0)
    return fail(ErrorCode::io, fmt::format("{} files or folders could not be deleted", outcome.failures));
  return missed ? 1 : 0;
}

}  // namespace cbx::prune_tool
