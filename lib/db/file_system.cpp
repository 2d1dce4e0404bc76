#include "db/file_system.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <array>
#include <fstream>
#include <sstream>

#include "db/database.h"

namespace cbx::db {
namespace {

constexpr uint64_t kFuse = 0x65735546;

struct NetworkFileSystem {
  uint64_t magic;
  const char* name;
};
// statfs(2), linux/magic.h.  9p is left out: it is also how some sandboxes show a local disk.
constexpr std::array<NetworkFileSystem, 10> kNetwork{{{0x6969, "NFS"},
                                                      {0x517b, "SMB"},
                                                      {0xff534d42, "CIFS"},
                                                      {0xfe534d42, "SMB2"},
                                                      {0x5346414f, "AFS"},
                                                      {0x6b414653, "AFS"},
                                                      {0x73757245, "Coda"},
                                                      {0x00c36400, "Ceph"},
                                                      {0x0bd00bd0, "Lustre"},
                                                      {0x786f4256, "VirtualBox shared folder"}}};

// FUSE says nothing about where the bytes are; these are known to keep them on a local disk.
constexpr std::array<std::string_view, 6> kLocalFuse{"fuseblk",       "fuse.fuse-overlayfs", "fuse.ntfs-3g",
                                                     "fuse.mergerfs", "fuse.gocryptfs",      "fuse.bindfs"};

// The type in /proc/self/mountinfo of the mount that holds device `dev`; "fuse" when it is not to be found.
std::string mount_type(dev_t dev) {
  const std::string wanted = fmt::format("{}:{}", major(dev), minor(dev));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue      (proc(5))
    std::istringstream fields(line);
    std::string id, parent, number, word;
    fields >> id >> parent >> number;
    if (number != wanted) continue;
    while (fields >> word && word != "-") {
    }
    if (fields >> word) return word;
  }
  return "fuse";
}

}  // namespace

std::optional<std::string> refuse_file_system(uint64_t magic, std::string_view type) {
  for (const auto& network : kNetwork)
    if (network.magic == magic) return network.name;
  if (magic != kFuse) return std::nullopt;
  for (const auto local : kLocalFuse)
    if (type == local) return std::nullopt;
  return std::string(type);
}

Status check_file_system(const std::string& folder) {
  struct statfs fs {};
  struct stat st {};
  if (::statfs(folder.c_str(), &fs) != 0 || ::stat(folder.c_str(), &st) != 0)
    return fail(os_error(errno, fmt::format("cannot open folder '{}'", folder)));
  const auto magic = static_cast<uint64_t>(static_cast<uint32_t>(fs.f_type));
  const auto refused = refuse_file_system(magic, magic == kFuse ? mount_type(st.st_dev) : std::string());
  if (!refused) return {};
  return fail(ErrorCode::config,
              fmt::format("'{}' lies on a network file system ({}): SQLite's WAL needs shared memory and reliable "
                          "locks, which those lack, and would be corrupted; keep ROOT on a local disk (ROOT/media "
                          "may be a mount or a symbolic link to anywhere)",
                          folder, *refused));
}

}  // namespace cbx::db
