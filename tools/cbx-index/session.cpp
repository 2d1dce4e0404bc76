#include <unistd.h>

#include <algorithm>

#include "commands.h"
#include "state/state.h"

namespace cbx::index_tool {

Result<Session> Session::open(const cli::Tool& tool, index::Access access) {
  CBX_ASSIGN(auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto index, index::Index::open(store, access));
  std::vector<cli::SelectableDevice> devices;
  // The index works without state.db: whoever may read the one need not be allowed to read the keys.
  auto state = state::State::open(store.state_path(), false);
  if (state) {
    CBX_ASSIGN(const auto known, state->devices());
    for (const auto& d : known) devices.push_back({d.id, d.nickname, d.tags});
  } else if (state.error().code() != ErrorCode::no_input) {
    tool.log().debug("nicknames and tags are not known: {}", state.error().message());
  }
  CBX_ASSIGN(const auto ids, index.devices());
  for (const auto& id : ids)
    if (std::none_of(devices.begin(), devices.end(), [&](const auto& d) { return d.id == id; }))
      devices.push_back({id, "", {}});
  std::sort(devices.begin(), devices.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return Session{std::move(store), std::move(index), std::move(devices), floor_ms(SystemClock{}.wall())};
}

const std::string& Session::nickname(const std::string& id) const {
  static const std::string kNone;
  const auto found = std::find_if(devices.begin(), devices.end(), [&](const auto& d) { return d.id == id; });
  return found == devices.end() ? kNone : found->nickname;
}

namespace {

// Whether a time was meant, rather than a device: it holds what no id does, or has the shape of a day.
bool is_like_a_time(const std::string& word) {
  if (word.starts_with("tag:")) return false;
  const bool day = word.size() == 10 && word[4] == '-' && word[7] == '-' &&
                   word.find_first_not_of("0123456789-") == std::string::npos;
  return day || word.find_first_of(".:") != std::string::npos;
}

}  // namespace

Result<Selection> select(const Session& session, const std::vector<std::string>& words) {
  Selection selection;
  size_t used = 0;
  if (!words.empty()) {
    auto devices = cli::select_devices(words[0], session.devices);
    const bool is_range = cli::parse_range(words[0], session.times()).has_value();
    if (devices) {
      selection.devices = std::move(*devices);
      used = 1;
    } else if (!is_range && (words.size() < 2 || !cli::parse_range(words[0] + " " + words[1], session.times()))) {
      if (is_like_a_time(words[0])) CBX_TRY(cli::parse_range(words[0], session.times()));
      return fail(std::move(devices).error());
    }
  }
  if (used == 0) {
    selection.all_devices = true;
    CBX_ASSIGN(selection.devices, cli::select_devices("", session.devices));
  }
  std::string range;
  for (size_t i = used; i < words.size(); i++) range += (range.empty() ? "" : " ") + words[i];
  if (!range.empty()) {
    CBX_ASSIGN(selection.range, cli::parse_range(range, session.times()));
  }
  return selection;
}

void add_selection(CLI::App* sub, std::vector<std::string>& words) {
  sub->add_option("selection", words,
                  "[DEVICE] [RANGE]: DEVICE is an id, nickname, tag:NAME or glob; RANGE is A..B, A.. or a day")
      ->type_name("");
}

}  // namespace cbx::index_tool
