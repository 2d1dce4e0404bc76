// Any stretch of time as one MP4, and what vouches for it.
#include <fmt/format.h>

#include "state/state.h"
#include "web/media.h"
#include "web/recordings.h"
#include "web/when.h"

namespace cbx::web {
namespace {

// A day; one of 25 hours does not exist in a fixed offset, but people count generously.
constexpr auto kLongest = std::chrono::hours(25);

// Reading the longest cut for its manifest takes less, or the disks are too slow to record.
constexpr auto kPatience = std::chrono::hours(2);

using CutPointer = std::shared_ptr<const cut::Cut>;
// What is to be planned, copied for the worker.
struct Order {
  Opened opened;
  TimeRange range;
  std::string version;
};

CutPointer known_plan(Media& media, const Order& order) {
  return media.plans.find(order.opened.device(), order.range, order.version);
}

Result<CutPointer> plan(Media& media, const Order& order) {
  if (auto known = known_plan(media, order)) return known;
  CBX_ASSIGN(auto cut, cut::plan(order.opened.index(), order.opened.device(), order.range));
  media.plans.keep(order.opened.device(), order.range, order.version, cut);
  return cut;
}

http::Response plan_problem(const Media& media, const Error& error) {
  // "data" is what the ranges that can be had are told with: the asker's business.
  if (error.code() == ErrorCode::data) return http::problem(409, error.message());
  return http::problem(index_trouble(error, media.context.log));
}

// The cut that the path names; else what to answer.
tl::expected<Order, http::Response> read_order(const Media& media, const Visit& visit) {
  const auto refuse = [](http::Response response) { return tl::unexpected<http::Response>(std::move(response)); };
  const auto when =
      parse_when(visit.request.param("when"), media.context.store, floor_ms(media.context.clock.wall()), kLongest);
  if (!when) return refuse(http::problem(when.error()));
  if (when->live)
    return refuse(http::problem(400,
                                "a cut has an end: say a day as 2026-11-20, or a range as "
                                "2026-11-20T08:00:00Z..2026-11-20T09:00:00Z"));
  auto version = version_of(visit.opened, when->range);
  if (!version) return refuse(http::problem(index_trouble(version.error(), media.context.log)));
  return Order{visit.opened, when->range, std::move(*version)};
}

http::Response send_video(const http::Request& request, const CutPointer& cut) {
  http::Representation r;
  r.body = std::shared_ptr<const ByteSource>(cut);
  r.size = cut->size();
  r.type = "video/mp4";
  r.etag = cut->identity();
  r.cache_control = kAskAgain;
  r.disposition = http::attachment(cut->file_name());
  return http::represent(request, std::move(r));
}

Result<Hashed> plan_and_hash(Media& media, const Order& order, const Hashing::GoOn& go_on) {
  CBX_ASSIGN(CutPointer cut, plan(media, order));
  if (auto known = media.plans.find_hash(cut->identity())) return Hashed{std::move(cut), std::move(*known)};
  auto hash = cut::hash(*cut, [&](uint64_t done) {
    return go_on(done) && (media.context.stopping == nullptr || !*media.context.stopping);
  });
  if (hash) media.plans.keep_hash(cut->identity(), *hash);
  return Hashed{std::move(cut), std::move(hash)};
}

// For people; a manifest is none the worse without.
std::string nickname_of(const Media& media, std::string_view device) {
  auto state = state::State::open(media.context.store.state_path(), false);
  if (!state) return {};
  const auto found = state->device(device);
  return found && *found ? (*found)->nickname : std::string();
}

// The same text for the same asker for a while, so that the signature fetched after it is of it.
std::string manifest_of(Media& media, const std::string& who, const CutPointer& cut, const std::string& sha256) {
  const std::string key = fmt::format("{}/{}/{}", who, cut->device(), cut->identity());
  if (auto known = media.plans.find_manifest(key)) return *known;
  cut::Request asked;
  asked.who = who;
  asked.when = floor_ms(media.context.clock.wall());
  asked.tool = "cbx-serve " + media.context.version;
  asked.nickname = nickname_of(media, cut->device());
  std::string text = cut::manifest(*cut, media.context.store, asked, sha256);
  media.plans.keep_manifest(key, text);
  return text;
}

http::Response send_text(const http::Request& request, std::string text, std::string type, const std::string& name) {
  http::Representation r;
  r.size = text.size();
  r.body = std::move(text);
  r.type = std::move(type);
  r.cache_control = "private, no-store";
  r.disposition = http::attachment(name);
  return http::represent(request, std::move(r));
}

using SendText = http::Response (*)(Media&, const http::Request&, std::string text, const CutPointer&);

http::Response send_manifest(Media&, const http::Request& request, std::string text, const CutPointer& cut) {
  return send_text(request, std::move(text), "text/plain; charset=utf-8", cut->file_name() + ".manifest");
}

http::Response send_signature(Media& media, const http::Request& request, std::string text, const CutPointer& cut) {
  auto signature = media.context.signing_key->sign(text);
  if (!signature) return http::problem(signature.error());
  return send_text(request, std::move(*signature), "application/octet-stream", cut->file_name() + ".manifest.sig");
}

// Reading the whole cut takes long: the request waits for it, and has left it when it is gone itself.
http::Answer with_manifest(Media& media, const Visit& visit, SendText send) {
  const std::string& who = visit.principal.name;
  if (!visit.request.memory) {
    auto order = read_order(media, visit);
    if (!order) return std::move(order).error();
    if (const auto cut = known_plan(media, *order))
      if (const auto hash = media.plans.find_hash(cut->identity()))
        return send(media, visit.request, manifest_of(media, who, cut, *hash), cut);
    const std::string key =
        fmt::format("{}/{}/{}/{}", order->opened.device(), order->range.from.time_since_epoch().count(),
                    order->range.to.time_since_epoch().count(), order->version);
    auto ticket = media.hashing.ask(key, who, [&media, order = std::move(*order)](const Hashing::GoOn& go_on) {
      return plan_and_hash(media, order, go_on);
    });
    if (!ticket) return http::problem(ticket.error());
    visit.request.memory = std::move(*ticket);
  }
  const auto ticket = std::static_pointer_cast<Hashing::Ticket>(visit.request.memory);
  const uint64_t seen = ticket->changed()->count();
  if (const auto result = ticket->result()) {
    if (!*result) return plan_problem(media, result->error());
    const Hashed& hashed = **result;
    if (!hashed.sha256) return http::problem(hashed.sha256.error());
    return send(media, visit.request, manifest_of(media, who, hashed.cut, *hashed.sha256), hashed.cut);
  }
  if (visit.request.waited) return http::problem({ErrorCode::try_again, "the cut is still being read"});
  return http::Wait{ticket->changed(), seen, std::chrono::steady_clock::now() + kPatience};
}

}  // namespace

http::Answer cut_video(Media& media, const Visit& visit) {
  auto order = read_order(media, visit);
  if (!order) return std::move(order).error();
  if (const auto known = known_plan(media, *order)) return send_video(visit.request, known);
  // Planning reads the tables of all files: a worker does it.
  return http::Work{[&media, request = visit.request, order = std::move(*order)] {
    const auto cut = plan(media, order);
    return cut ? send_video(request, *cut) : plan_problem(media, cut.error());
  }};
}

http::Answer cut_manifest(Media& media, const Visit& visit) {
  return with_manifest(media, visit, send_manifest);
}

http::Answer cut_signature(Media& media, const Visit& visit) {
  if (!media.context.signing_key) return http::problem(404, "this server does not sign manifests (--sign)");
  return with_manifest(media, visit, send_signature);
}

}  // namespace cbx::web
