#include "http/connection.h"

namespace cbx::http {

bool ConnectionCount::admits(const Address& peer, bool exempt) const {
  if (open_.load() >= most_) return false;
  if (exempt || peer.unix_socket) return true;
  const std::lock_guard lock(mutex_);
  const auto it = of_party_.find(peer.party());
  return it == of_party_.end() || it->second < most_of_one_;
}

void ConnectionCount::opened(const Address& peer, bool exempt) {
  open_++;
  if (exempt || peer.unix_socket) return;
  const std::lock_guard lock(mutex_);
  of_party_[peer.party()]++;
}

void ConnectionCount::closed(const Address& peer, bool exempt) {
  open_--;
  if (exempt || peer.unix_socket) return;
  const std::lock_guard lock(mutex_);
  const auto it = of_party_.find(peer.party());
  if (it != of_party_.end() && --it->second == 0) of_party_.erase(it);
}

}  // namespace cbx::http
