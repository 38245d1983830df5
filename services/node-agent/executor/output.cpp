#include "services/node-agent/executor/output.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>

#include "core/utf8.hpp"
#include "services/node-agent/state/durable_file.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};
using OpenDir = std::unique_ptr<DIR, CloseDir>;

[[noreturn]] void fail(const std::string& path) {
    throw std::system_error(errno, std::generic_category(), "cannot remove " + path);
}

/// Reads the folder from its start.
OpenDir open_dir(int parent, const char* name, const std::string& path) {
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    OpenDir out(fd < 0 ? nullptr : ::fdopendir(fd));
    if (!out) {
        const int reason = errno;
        if (fd >= 0) {
            ::close(fd);
        }
        errno = reason;
        fail(path);
    }
    return out;
}

/// Calls use(name) for each entry.
template <class Use>
void each_entry(DIR* dir, const std::string& path, Use&& use) {
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(dir);
        if (entry == nullptr) {
            if (errno != 0) {
                fail(path);
            }
            return;
        }
        if (const std::string_view name = entry->d_name; name != "." && name != "..") {
            use(entry->d_name);
        }
    }
}

/// Unlinks the entry unless it is a folder that is not empty. @returns true if it is gone
bool unlink_entry(int parent, const char* name, const std::string& path) {
    if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
        return true;
    }
    // A folder is EISDIR on Linux, EPERM by POSIX.
    if (errno != EISDIR && errno != EPERM) {
        fail(path);
    }
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
        return true;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) {
        fail(path);
    }
    return false;
}

/// Moves the folders of `folder` into `root`, under free names, and removes its other entries.
void hoist_folders(int root, int folder, const std::string& path, std::uint64_t& next) {
    const OpenDir dir = open_dir(folder, ".", path);
    each_entry(dir.get(), path, [&](const char* name) {
        if (unlink_entry(folder, name, path)) {
            return;
        }
        for (;;) {
            const auto free = "removed-" + std::to_string(next++);
            if (::renameat(folder, name, root, free.c_str()) == 0) {
                return;
            }
            // The job used this name.
            if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) {
                fail(path);
            }
        }
    });
}

}  // namespace

std::optional<std::string> unstorable_entry(const std::string& path) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
        const auto status = entry.symlink_status();
        const bool storable = fs::is_regular_file(status) || fs::is_directory(status);
        const std::string name = entry.path().filename().string();
        const std::string shown = valid_utf8(name);
        if (storable && shown == name) {
            continue;
        }
        const std::string at = valid_utf8(
            (entry.path().parent_path().lexically_relative(path) / shown).lexically_normal().string());
        return storable ? "the output holds an entry whose name is not UTF-8: " + at
                        : "the output holds an entry that is neither a file nor a folder: " + at;
    }
    return std::nullopt;
}

bool is_permanent(const std::system_error& error) {
    return error.code() == std::errc::filename_too_long;
}

std::string without_path(std::string text, const std::string& path) {
    for (auto at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
        text.erase(at, path.size());
    }
    return text;
}

void make_open_dir(const std::string& path) {
    remove_tree(path);
    make_private_dir(path);
    fs::permissions(path, fs::perms::all);
}

void remove_tree(const std::string& path) {
    if (unlink_entry(AT_FDCWD, path.c_str(), path)) {
        return;
    }
    const OpenDir root = open_dir(AT_FDCWD, path.c_str(), path);
    const int root_fd = ::dirfd(root.get());
    std::uint64_t next = 0;
    bool empty = false;
    while (!empty) {
        empty = true;
        ::rewinddir(root.get());
        each_entry(root.get(), path, [&](const char* name) {
            if (unlink_entry(root_fd, name, path)) {
                return;
            }
            empty = false;
            const OpenDir folder = open_dir(root_fd, name, path);
            hoist_folders(root_fd, ::dirfd(folder.get()), path, next);
            unlink_entry(root_fd, name, path);
        });
    }
    if (::rmdir(path.c_str()) != 0 && errno != ENOENT) {
        fail(path);
    }
}

}  // namespace lamda::agent
