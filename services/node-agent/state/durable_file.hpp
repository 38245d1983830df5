// Durable files and folders: each file is complete or absent after a crash.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lamda::agent {

/// A file operation failed: disk full, read-only, or missing.
class DiskError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Names of the crash points inside write_durably, so that tests can kill each caller at its own steps.
struct CrashNames {
    const char* written;  ///< the new file is complete, the old one is still in place
    const char* renamed;  ///< the new file is in place, its folder is not synchronised yet
};

/// Replaces the file at `path`: temporary file, fsync, rename, fsync of the folder. @throws DiskError
void write_durably(const std::string& path, std::string_view content, const CrashNames& crash);
/// The file's content; nullopt if the file does not exist. @throws DiskError
std::optional<std::string> read_file(const std::string& path);
/// Creates the folder and its parents, accessible to this user only. @throws DiskError
void make_private_dir(const std::string& path);
/// Renames a file or folder once all that was written to its file system is on the disk, so that the new name
/// stands for complete content also after a power loss. @throws DiskError
void rename_durably(const std::string& from, const std::string& to);
/// Removes a file durably; does nothing if the file does not exist. @throws DiskError
void remove_durably(const std::string& path);

/// Exclusive lock of a folder among processes. The kernel releases the lock when the process ends.
class DirLock {
  public:
    /// @throws DiskError if another process holds the lock
    explicit DirLock(const std::string& dir);
    ~DirLock();
    DirLock(const DirLock&) = delete;
    DirLock& operator=(const DirLock&) = delete;

  private:
    int fd_ = -1;
};

}  // namespace lamda::agent
