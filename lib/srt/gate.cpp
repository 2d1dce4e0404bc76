#include "srt/gate.h"

#include <fmt/format.h>

namespace cbx::srt {
namespace {

tl::unexpected<Refusal> refuse(Reject code, std::string reason) {
  return tl::unexpected<Refusal>(Refusal{code, std::move(reason)});
}

// Takes as long for a nearly right token as for a wrong one.
bool equal_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

}  // namespace

Gate::Gate(GateOptions options) : options_(std::move(options)), table_(std::make_shared<AccessTable>()) {}

void Gate::replace(std::shared_ptr<const AccessTable> table) {
  const std::lock_guard lock(mutex_);
  table_ = std::move(table);
}

std::shared_ptr<const AccessTable> Gate::table() const {
  const std::lock_guard lock(mutex_);
  return table_;
}

std::optional<Refusal> Gate::check_limits(const std::string& host) const {
  if (shut_) return Refusal{Reject::conflict, "another publisher was first"};
  if (connections_ >= options_.max_connections) return Refusal{Reject::overload, "too many connections"};
  if (silent_ >= options_.max_silent) return Refusal{Reject::overload, "too many connections that send nothing"};
  const auto it = per_host_.find(host);
  if (it != per_host_.end() && it->second >= options_.max_per_address)
    return Refusal{Reject::overload, "too many connections from this address"};
  return std::nullopt;
}

std::optional<Refusal> Gate::over_limit(const std::string& host) const {
  const std::lock_guard lock(mutex_);
  return check_limits(host);
}

tl::expected<Admission, Refusal> Gate::admit(std::string_view stream_id, const std::string& host) const {
  std::shared_ptr<const AccessTable> table;
  {
    const std::lock_guard lock(mutex_);
    if (auto refusal = check_limits(host)) return tl::unexpected<Refusal>(*refusal);
    table = table_;
  }
  StreamId id;
  if (stream_id.empty() && !options_.default_device.empty()) {
    id.device = options_.default_device;
  } else {
    auto parsed = parse_stream_id(stream_id);
    if (!parsed) return tl::unexpected<Refusal>(parsed.error());
    id = *std::move(parsed);
  }
  Admission admission{id.device, options_.default_key};
  const auto it = table->find(id.device);
  if (it != table->end()) {
    if (!it->second.enabled) return refuse(Reject::forbidden, fmt::format("device '{}' is disabled", id.device));
    if (!it->second.key.empty()) admission.key = it->second.key;
  } else if (!options_.admit_unknown && id.device != options_.default_device) {
    return refuse(Reject::not_found, fmt::format("device '{}' is unknown", id.device));
  }
  if (!id.token.empty() && !admission.key.empty() && !equal_secret(id.token, admission.key))
    return refuse(Reject::unauthorized, fmt::format("wrong token for device '{}'", id.device));
  if (admission.key.empty() && options_.require_encryption)
    return refuse(Reject::unacceptable, fmt::format("encryption is required and device '{}' has no key", id.device));
  return admission;
}

bool Gate::still_valid(const Admission& admission) const {
  const std::shared_ptr<const AccessTable> table = this->table();
  const auto it = table->find(admission.device);
  if (it == table->end())
    return (options_.admit_unknown || admission.device == options_.default_device) &&
           admission.key == options_.default_key;
  return it->second.enabled && admission.key == (it->second.key.empty() ? options_.default_key : it->second.key);
}

void Gate::opened(const std::string& host) {
  const std::lock_guard lock(mutex_);
  ++connections_;
  ++silent_;
  ++per_host_[host];
}

void Gate::spoke() {
  const std::lock_guard lock(mutex_);
  --silent_;
}

void Gate::closed(const std::string& host, bool had_spoken) {
  const std::lock_guard lock(mutex_);
  --connections_;
  if (!had_spoken) --silent_;
  const auto it = per_host_.find(host);
  if (it != per_host_.end() && --it->second == 0) per_host_.erase(it);
}

void Gate::shut() {
  const std::lock_guard lock(mutex_);
  shut_ = true;
}

}  // namespace cbx::srt
