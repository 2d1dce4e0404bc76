#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "state/state.h"
#include "store/reserve.h"

namespace cbx::index_tool {
namespace {

struct Options {
  std::string offset, host;
  std::vector<std::string> push;
};

Result<int> init(const cli::Tool& tool, const CLI::App* sub, const Options& options) {
  std::optional<UtcOffset> offset;
  if (!options.offset.empty()) {
    auto parsed = UtcOffset::parse(options.offset);
    if (!parsed) return fail(ErrorCode::usage, "--utc-offset: " + parsed.error().message());
    offset = *parsed;
  }
  std::optional<std::string> host;
  if (sub->count("--public-host") > 0) host = options.host;
  std::optional<std::vector<std::string>> push;
  if (sub->count("--push-to") > 0) push = options.push;
  if (push && push->size() == 1 && push->front() == "none") push->clear();
  CBX_ASSIGN(const auto store, store::Store::init(tool.root(), {offset, host, push}));
  // What recording needs comes first: a damaged index is made again beside it.
  CBX_TRY(state::State::open(store.state_path(), true));
  if (Status filled = store::Reserve(store).fill(); !filled) tool.log().warn("{}", filled.error().message());
  CBX_TRY(index::Index::open(store, index::Access::write));
  tool.log().info("store '{}' is ready: UTC offset {}, public host {}", store.root(), store.utc_offset().format(),
                  store.config().public_host.empty() ? "not set" : "'" + store.config().public_host + "'");
  return 0;
}

}  // namespace

void add_init(cli::Tool& tool, const Choose& choose) {
  auto o = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("init", "Make a store; an existing one is left as it is");
  sub->add_option("--utc-offset", o->offset, "Fixed UTC offset that folders and files are named in (+09:00)")
      ->type_name("OFFSET");
  sub->add_option("--public-host", o->host, "Name or address that cameras reach this store at")->type_name("HOST");
  sub->add_option("--push-to", o->push, "Where all files are copied to: not pruned before (s3://BUCKET/PREFIX, none)")
      ->type_name("TARGET")
      ->allow_extra_args(false);
  sub->callback([&tool, choose, sub, o] { choose([&tool, sub, o] { return init(tool, sub, *o); }); });
}

}  // namespace cbx::index_tool
