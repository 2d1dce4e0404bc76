// What happens in folders, as the kernel tells it (inotify(7)).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace cbx::playback {

// Not thread-safe.
class FolderEvents {
 public:
  struct Event {
    int folder = 0;  // as add() returned it
    std::string_view name;
    bool written = false;      // the file was written to
    bool appeared = false;     // made, or renamed to this
    bool vanished = false;     // deleted, or renamed from this
    bool folder_gone = false;  // nothing more will be told of it
  };
  class Listener {
   public:
    virtual void happened(const Event& event) = 0;
    // The kernel had to leave something out.
    virtual void missed() = 0;

   protected:
    ~Listener() = default;
  };

  // Without inotify (a limit of the system is reached, or it isn't wanted) nothing is ever told.
  explicit FolderEvents(bool wanted);

  // Tells `listener` of a folder until remove(): nullopt when it is not there, or can't be told of.
  std::optional<int> add(const std::string& folder, Listener& listener);
  void remove(int folder);

  // For poll(2); -1 if there is none.
  int fd() const { return fd_.get(); }
  // Tells what happened since.
  void read();

 private:
  UniqueFd fd_;
  std::map<int, Listener*> listeners_;
};

}  // namespace cbx::playback
