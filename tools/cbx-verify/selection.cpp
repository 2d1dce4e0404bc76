#include "selection.h"

#include <algorithm>
#include <set>

#include "base/device_id.h"
#include "cli/selector.h"
#include "cli/times.h"
#include "state/state.h"
#include "verify/tree.h"

namespace cbx::verify_tool {
namespace {

std::vector<cli::SelectableDevice> known_devices(const store::Store& store, const Logger& log) {
  std::vector<cli::SelectableDevice> out;
  std::set<std::string> ids;
  if (auto state = state::State::open(store.state_path(), false)) {
    if (const auto devices = state->devices())
      for (const auto& d : *devices) out.push_back({d.id, d.nickname, d.tags});
  } else {
    log.debug("nicknames and tags are not known: {}", state.error().message());
  }
  if (const auto folders = verify::list_folder(store.media_path(), true))
    for (const auto& [name, entry] : *folders)
      if (is_device_id(name) && S_ISDIR(entry.mode)) ids.insert(name);
  if (auto index = index::Index::open(store, index::Access::read))
    for (const std::string& id : index->devices().value_or(std::vector<std::string>{})) ids.insert(id);
  for (const std::string& id : ids)
    if (std::none_of(out.begin(), out.end(), [&](const auto& d) { return d.id == id; })) out.push_back({id, "", {}});
  return out;
}

}  // namespace

Status select(const store::Store& store, const Logger& log, WallMs now, const std::vector<std::string>& words,
              verify::Options& options) {
  if (words.empty()) return {};
  const cli::TimeContext times{store.utc_offset(), now};
  size_t used = 0;
  auto devices = cli::select_devices(words[0], known_devices(store, log));
  if (devices) {
    options.devices = std::move(*devices);
    used = 1;
  } else if (!cli::parse_range(words[0], times) &&
             (words.size() < 2 || !cli::parse_range(words[0] + " " + words[1], times))) {
    return fail(std::move(devices).error());
  }
  std::string range;
  for (size_t i = used; i < words.size(); i++) range += (range.empty() ? "" : " ") + words[i];
  if (range.empty()) return {};
  CBX_ASSIGN(options.range, cli::parse_range(range, times));
  return {};
}

}  // namespace cbx::verify_tool
