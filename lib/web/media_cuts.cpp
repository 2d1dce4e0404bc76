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

using CutPointer = std::shared_ptr<const cut::Cut>;
// A request for a cut, copied for the worker.
struct Order {
  http::Request request;
  Principal principal;
  Opened opened;
  TimeRange range;
  std::string version;
};
using Respond = http::Response (*)(Media&, const Order&, const CutPointer&);

Result<CutPointer> plan(Media& media, const Order& order) {
  if (auto known = media.plans.find(order.opened.device(), order.range, order.version)) return known;
  CBX_ASSIGN(auto cut, cut::plan(order.opened.index(), order.opened.device(), order.range));
  media.plans.keep(order.opened.device(), order.range, order.version, cut);
  return cut;
}

http::Response plan_problem(const Media& media, const Error& error) {
  // "data" is what the ranges that can be had are told with: the asker's business.
  if (error.code() == ErrorCode::data) return http::problem(409, error.message());
  return http::problem(index_trouble(error, media.context.log));
}

// Planning reads the tables of all files: a worker does it.  `at_once`: what is planned already is answered here.
http::Answer with_cut(Media& media, const Visit& visit, bool at_once, Respond respond) {
  const auto when = parse_when(visit.request.param("when"), media.context.store, kLongest);
  if (!when) return http::problem(when.error());
  if (when->live)
    return http::problem(400,
                         "a cut has an end: say a day as 2026-11-20, or a range as "
                         "2026-11-20T08:00:00Z..2026-11-20T09:00:00Z");
  auto version = version_of(visit.opened, when->range);
  if (!version) return http::problem(index_trouble(version.error(), media.context.log));
  Order order{visit.request, visit.principal, visit.opened, when->range, std::move(*version)};
  if (at_once)
    if (const auto known = media.plans.find(order.opened.device(), order.range, order.version))
      return respond(media, order, known);
  return http::Work{[&media, order = std::move(order), respond] {
    const auto cut = plan(media, order);
    if (!cut) return plan_problem(media, cut.error());
    return respond(media, order, *cut);
  }};
}

http::Response send_video(Media&, const Order& order, const CutPointer& cut) {
  http::Representation r;
  r.body = std::shared_ptr<const ByteSource>(cut);
  r.size = cut->size();
  r.type = "video/mp4";
  r.etag = cut->identity();
  r.cache_control = kAskAgain;
  r.disposition = http::attachment(cut->file_name());
  return http::represent(order.request, std::move(r));
}

Result<std::string> hash_of(Media& media, const CutPointer& cut) {
  if (auto known = media.plans.find_hash(cut->identity())) return *known;
  if (!media.plans.begin_hashing())
    return fail(ErrorCode::try_again, "another cut is being read for its manifest just now");
  auto hash = cut::hash(*cut, [&](uint64_t) { return !media.context.stopping || !*media.context.stopping; });
  media.plans.end_hashing();
  if (hash) media.plans.keep_hash(cut->identity(), *hash);
  return hash;
}

// For people; a manifest is none the worse without.
std::string nickname_of(const Media& media, std::string_view device) {
  auto state = state::State::open(media.context.store.state_path(), false);
  if (!state) return {};
  const auto found = state->device(device);
  return found && *found ? (*found)->nickname : std::string();
}

// The same text for the same asker for a while, so that the signature fetched after it is of it.
Result<std::string> manifest_of(Media& media, const Order& order, const CutPointer& cut) {
  const std::string& who = order.principal.name;
  const std::string key = fmt::format("{}/{}/{}", who, cut->device(), cut->identity());
  if (auto known = media.plans.find_manifest(key)) return *known;
  CBX_ASSIGN(const std::string hash, hash_of(media, cut));
  cut::Request asked;
  asked.who = who;
  asked.when = floor_ms(media.context.clock.wall());
  asked.tool = "cbx-serve " + media.context.version;
  asked.nickname = nickname_of(media, cut->device());
  std::string text = cut::manifest(*cut, media.context.store, asked, hash);
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

http::Response send_manifest(Media& media, const Order& order, const CutPointer& cut) {
  auto text = manifest_of(media, order, cut);
  if (!text) return http::problem(text.error());
  return send_text(order.request, std::move(*text), "text/plain; charset=utf-8", cut->file_name() + ".manifest");
}

http::Response send_signature(Media& media, const Order& order, const CutPointer& cut) {
  const auto text = manifest_of(media, order, cut);
  if (!text) return http::problem(text.error());
  auto signature = media.context.signing_key->sign(*text);
  if (!signature) return http::problem(signature.error());
  return send_text(order.request, std::move(*signature), "application/octet-stream",
                   cut->file_name() + ".manifest.sig");
}

}  // namespace

http::Answer cut_video(Media& media, const Visit& visit) {
  return with_cut(media, visit, true, send_video);
}

http::Answer cut_manifest(Media& media, const Visit& visit) {
  return with_cut(media, visit, false, send_manifest);
}

http::Answer cut_signature(Media& media, const Visit& visit) {
  if (!media.context.signing_key) return http::problem(404, "this server does not sign manifests (--sign)");
  return with_cut(media, visit, false, send_signature);
}

}  // namespace cbx::web
