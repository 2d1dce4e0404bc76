#include "web/text_cache.h"

#include <fmt/format.h>

namespace cbx::web {
namespace {

constexpr auto kKeep = std::chrono::minutes(1);

// FNV-1a, twice from different beginnings: told apart, not defended against forgers, who could not gain by it.
std::string etag_of(std::string_view text) {
  uint64_t a = 0xcbf29ce484222325, b = 0x84222325cbf29ce4;
  for (const char c : text) {
    a = (a ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    b = (b ^ static_cast<uint8_t>(c)) * 0x100000001b3 + 1;
  }
  return fmt::format("{:016x}{:016x}", a, b);
}

}  // namespace

void TextCache::drop(std::map<std::string, Entry>::iterator it) {
  bytes_ -= it->second.cached.text->size();
  order_.erase(it->second.place);
  entries_.erase(it);
}

std::optional<CachedText> TextCache::find(const std::string& key, const std::string& version) {
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(key);
  if (it == entries_.end()) return std::nullopt;
  if (it->second.version != version || now - it->second.made > kKeep) {
    drop(it);
    return std::nullopt;
  }
  order_.splice(order_.begin(), order_, it->second.place);
  return it->second.cached;
}

CachedText TextCache::keep(const std::string& key, const std::string& version, std::string text) {
  CachedText cached{nullptr, etag_of(text)};
  cached.text = std::make_shared<const std::string>(std::move(text));
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  if (const auto old = entries_.find(key); old != entries_.end()) drop(old);
  if (cached.text->size() > most_bytes_) return cached;
  order_.push_front(key);
  entries_.emplace(key, Entry{cached, version, now, order_.begin()});
  bytes_ += cached.text->size();
  while (bytes_ > most_bytes_) drop(entries_.find(order_.back()));
  return cached;
}

size_t TextCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace cbx::web
