#include "services/node-agent/executor/disk_cost.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace lamda::agent {

namespace {

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};
using OpenDir = std::unique_ptr<DIR, CloseDir>;

/// Opens by descriptor, because a path may exceed PATH_MAX. Null if the entry is gone or not a folder.
OpenDir open_dir(int parent, const char* name) {
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return nullptr;
    }
    OpenDir dir(::fdopendir(fd));
    if (!dir) {
        ::close(fd);
    }
    return dir;
}

std::uint64_t rounded_up(std::uint64_t bytes) {
    return std::max(kEntryBytes, (bytes + kEntryBytes - 1) / kEntryBytes * kEntryBytes);
}

}  // namespace

std::uint64_t disk_cost(const std::string& path, std::uint64_t most, const std::stop_token& stop) {
    std::vector<OpenDir> open;
    if (auto root = open_dir(AT_FDCWD, path.c_str())) {
        open.push_back(std::move(root));
    }
    std::uint64_t total = 0;
    while (!open.empty() && total <= most && !stop.stop_requested()) {
        const dirent* entry = ::readdir(open.back().get());
        if (entry == nullptr) {
            open.pop_back();
            continue;
        }
        const std::string_view name = entry->d_name;
        struct stat status{};
        const int parent = ::dirfd(open.back().get());
        if (name == "." || name == ".." ||
            ::fstatat(parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        total +=
            S_ISREG(status.st_mode) ? rounded_up(static_cast<std::uint64_t>(status.st_size)) : kEntryBytes;
        if (!S_ISDIR(status.st_mode)) {
            continue;
        }
        if (open.size() > kDeepestFolder) {
            return std::max(total, most + 1);
        }
        if (auto below = open_dir(parent, entry->d_name)) {
            open.push_back(std::move(below));
        }
    }
    return total;
}

}  // namespace lamda::agent
