// Files that are whole or absent after a crash.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lamda::agent {

/// The disk refused: full, read-only, gone.
class DiskError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Names of the crash points inside write_durably, so that each of its users can be killed at its own steps.
struct CrashNames {
    const char* written;  ///< the new file is complete, the old one still in place
    const char* renamed;  ///< the new file is in place, its folder not yet synchronised
};

/// Replaces `path` by `content`: temporary file, fsync, rename, fsync of the folder. @throws DiskError
void write_durably(const std::string& path, std::string_view content, const CrashNames& crash);
/// The content, or nullopt when there is no such file. @throws DiskError
std::optional<std::string> read_file(const std::string& path);
/// Creates the folder and its parents, readable by this user only. @throws DiskError
void make_private_dir(const std::string& path);
/// Removes a file and makes that durable; nothing happens when there is none. @throws DiskError
void remove_durably(const std::string& path);

/// Keeps other processes out of a folder for as long as it lives; the kernel lets go of it when the process
/// dies.
class DirLock {
  public:
    /// @throws DiskError when another process holds it
    explicit DirLock(const std::string& dir);
    ~DirLock();
    DirLock(const DirLock&) = delete;
    DirLock& operator=(const DirLock&) = delete;

  private:
    int fd_ = -1;
};

}  // namespace lamda::agent
