// Follows one device: which file is being written now, which one comes after it, and what a view shows of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "playback/live_folders.h"
#include "playback/live_list.h"

namespace cbx::playback {

// Belongs to the hub's thread.
class LiveFollower final : private FolderEvents::Listener {
 public:
  // What all of them share.
  struct Shared {
    const store::Store& store;
    const LiveHub::Options& options;
    const Clock& clock;
    const Logger& log;
    FolderEvents& folders;
  };
  LiveFollower(const Shared& shared, std::string device);
  ~LiveFollower();
  LiveFollower(const LiveFollower&) = delete;
  LiveFollower& operator=(const LiveFollower&) = delete;

  // Looks at the disk for the first time.  Errors: io, permission.
  Status begin();
  // Looks at what the kernel told of; called ten times a second with `time_passed`, at what it may have kept silent
  // about, too.  True if there is another view, or none any more.
  bool look(bool time_passed);

  // Null while the device is not being recorded.
  std::shared_ptr<const LiveView> view() const { return view_; }

 private:
  struct Found {
    std::string path;  // absolute
    WallMs start{};
    bool part = false;
  };

  void happened(const FolderEvents::Event& event) override;
  void missed() override;

  void watch_folders();
  Result<std::vector<Found>> list(const std::string& folder) const;
  Status look_for_files();
  void notice(const Found& found);
  bool is_followed(FileId id);
  bool look_at_newest();
  bool look_at_coming();
  bool is_over(LiveFile& file);
  void take_up(std::unique_ptr<LiveFile> file);
  void fill_window();
  std::unique_ptr<LiveFile> file_before(const std::vector<Found>& files, const LiveFile& next);
  bool fresh(const LiveFile& file) const;
  void grew();
  bool check_silence();
  void show();

  const Shared& shared_;
  const std::string device_;
  LiveList list_;
  std::shared_ptr<const LiveView> view_, told_view_;
  bool ended_ = false;
  Monotonic grown_{};

  std::map<int, std::string> folders_;             // that are told of, relative to media
  std::vector<std::unique_ptr<LiveFile>> coming_;  // begun behind the newest, with no picture to show yet
  // By path, the .part files that were decided on already, whatever became of them.
  std::map<std::string, FileId> known_;
  bool list_due_ = true, look_due_ = true;
  bool told_ = false;  // of something written, since the last look
  int untold_ = 0;     // how often in a row something had been written untold
  bool warned_ = false;
  unsigned ticks_ = 0;
};

}  // namespace cbx::playback
