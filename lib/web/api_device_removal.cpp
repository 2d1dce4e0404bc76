// Taking a camera away, with what it recorded or without.
#include "web/erasures.h"
#include "web/ownership.h"

namespace cbx::web {
namespace {

// Longer than any deletion; proxies end such a request earlier, and asking again joins it.
constexpr auto kPatience = std::chrono::hours(2);

Json removed_json(const std::string& device, const char* footage, const Erasures::Outcome& outcome) {
  return {{"device", device}, {"footage", footage}, {"files_deleted", outcome.files}, {"bytes", outcome.bytes}};
}

Result<http::Response> remove_row(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_ASSIGN(const state::Device device, open_device(call, state, Permission::change));
  if (call.shared->erasures->is_under_way(device.id))
    return problem_with_code(409, "being_deleted", "the camera is being deleted with its recordings just now");
  CBX_OURS_TRY(state.remove_device(device.id));
  ownership_changed(call);
  call.context().log.info("'{}' removed camera '{}'; its recordings stay", call.principal.name, device.id);
  return uncached(call, removed_json(device.id, "kept", {}));
}

http::Response erased(const Call& call, const Result<Erasures::Outcome>& result) {
  const std::string device(call.request.param("device"));
  if (result) return uncached(call, removed_json(device, "deleted", *result));
  switch (result.error().code()) {
    case ErrorCode::unavailable:
      return problem_with_code(
          409, "still_recorded",
          "the camera is disabled and its older files are gone, but something still records it: end that, "
          "and ask again");
    case ErrorCode::try_again:
      return http::problem(result.error());
    default:
      return problem_with_code(
          500, "not_all_deleted",
          "not all files could be deleted, the server's log knows why; the camera is disabled: ask again");
  }
}

// The recordings may take long: the request waits for them, and they go on without it.
http::Answer erase(const Call& call, http::Request& request) {
  if (!request.memory) {
    const auto opened = call.open(Permission::change, Needs::files);
    if (!opened) return http::problem(opened.error());
    auto job = call.shared->erasures->begin(opened->device(), call.principal.name);
    if (!job) return http::problem({ErrorCode::try_again, "other cameras are being deleted: try again later"});
    request.memory = std::move(job);
  }
  const auto job = std::static_pointer_cast<Erasures::Job>(request.memory);
  const uint64_t seen = job->changed()->count();
  if (const auto result = job->result()) return erased(call, *result);
  if (request.waited) return http::problem({ErrorCode::try_again, "the recordings are still being deleted"});
  return http::Wait{job->changed(), seen, std::chrono::steady_clock::now() + kPatience};
}

http::Answer remove(http::Request& request, const std::shared_ptr<const Call>& call) {
  const auto footage = call->query().text("footage");
  if (footage == "delete") return erase(*call, request);
  if (footage != "keep")
    return http::problem(400, "say what becomes of the recordings: 'footage=keep' or 'footage=delete'");
  return later(call, remove_row);
}

}  // namespace

std::vector<ApiRoute> device_removal_routes() {
  std::vector<ApiRoute> out;
  out.push_back(
      {{.method = http::Method::del,
        .pattern = "/api/v1/devices/{device}",
        .name = "removeDevice",
        .tag = "devices",
        .summary = "Take the camera away, with its shares, links and tokens",
        .description = "With `footage=keep` its recordings stay for administrators, until they are pruned, and nobody "
                       "else can take the id. With `footage=delete` they are deleted for good first, pinned ones, too: "
                       "the camera is disabled, and with that disconnected, and the answer comes when all is gone. If "
                       "that is interrupted the camera is still there, and asking again goes on. Administrators delete "
                       "so, too, what was kept.",
        .permission = Permission::change,
        .query = {{"footage", "What becomes of what it recorded; has to be said.",
                   R"({"type":"string","enum":["keep","delete"]})"}},
        .schema = "RemovedDevice"},
       {},
       {},
       remove});
  return out;
}

}  // namespace cbx::web
