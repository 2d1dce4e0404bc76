#include "http/connection.h"

namespace cbx::http {

bool ConnectionCount::count(const Address& peer, bool exempt) {
  if (open_.load() >= most_) return false;
  if (!exempt && !peer.unix_socket) {
    unsigned& of_party = of_party_[peer.party()];
    if (of_party >= most_of_one_) return false;
    of_party++;
  }
  open_++;
  return true;
}

void ConnectionCount::uncount(const Address& peer, bool exempt) {
  open_--;
  if (exempt || peer.unix_socket) return;
  const auto it = of_party_.find(peer.party());
  if (it != of_party_.end() && --it->second == 0) of_party_.erase(it);
}

bool ConnectionCount::admit(int fd, const Address& peer, bool exempt) {
  const std::lock_guard lock(mutex_);
  if (const auto lost = not_opened_.find(fd); lost != not_opened_.end()) {
    uncount(lost->second.first, lost->second.second);
    not_opened_.erase(lost);
  }
  if (!count(peer, exempt)) return false;
  not_opened_.emplace(fd, std::pair(peer, exempt));
  return true;
}

void ConnectionCount::opened(int fd) {
  const std::lock_guard lock(mutex_);
  not_opened_.erase(fd);
}

void ConnectionCount::closed(const Address& peer, bool exempt) {
  const std::lock_guard lock(mutex_);
  uncount(peer, exempt);
}

}  // namespace cbx::http
