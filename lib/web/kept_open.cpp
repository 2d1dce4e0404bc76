#include "web/kept_open.h"

#include "store/reserve.h"

namespace cbx::web {
namespace {

// Twice what both databases need: the recorder beside it takes what it can get.
constexpr int64_t kLittle = 256 << 10;

template <typename Open>
auto open_with_room(store::Reserve& reserve, const Open& open) {
  auto opened = open();
  while (!opened && store::is_no_space(opened.error()) && reserve.give(kLittle)) opened = open();
  return opened;
}

template <typename T>
void keep(std::optional<T>& kept, Result<T> opened, const Logger& log) {
  if (opened)
    kept.emplace(std::move(*opened));
  else if (store::is_no_space(opened.error()))
    log.error("{}: nothing can be served before there is room on the disk (cbx-prune deletes what is old)",
              opened.error().message());
}

}  // namespace

KeptOpen::KeptOpen(const store::Store& store, const Logger& log) {
  store::Reserve reserve(store);
  keep(index_, open_with_room(reserve, [&] { return index::Index::open(store, index::Access::read); }), log);
  keep(state_, open_with_room(reserve, [&] { return state::State::open(store.state_path(), false); }), log);
}

}  // namespace cbx::web
