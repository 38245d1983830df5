#include "services/node-agent/state/durable_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/crash_point.hpp"

namespace lamda::agent {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
    const int error = errno;
    throw DiskError(what + " " + path + ": " + std::strerror(error));
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

std::string folder_of(const std::string& path) {
    const auto parent = fs::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

void sync_dir(const std::string& dir) {
    const Descriptor folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
        fail("cannot synchronise the folder", dir);
    }
}

}  // namespace

void write_durably(const std::string& path, std::string_view content, const CrashNames& crash) {
    const std::string temporary = path + ".tmp";
    {
        const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (file.get() < 0) {
            fail("cannot create", temporary);
        }
        while (!content.empty()) {
            const auto n = ::write(file.get(), content.data(), content.size());
            if (n < 0) {
                if (errno == EINTR) {
                    continue;
                }
                fail("cannot write", temporary);
            }
            content.remove_prefix(static_cast<std::size_t>(n));
        }
        if (::fsync(file.get()) != 0) {
            fail("cannot synchronise", temporary);
        }
    }
    crash_point(crash.written);
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
        fail("cannot rename to", path);
    }
    crash_point(crash.renamed);
    sync_dir(folder_of(path));
}

std::optional<std::string> read_file(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
        if (errno == ENOENT) {
            return std::nullopt;
        }
        fail("cannot open", path);
    }
    std::string content;
    char buffer[65'536];
    for (;;) {
        const auto n = ::read(file.get(), buffer, sizeof buffer);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            fail("cannot read", path);
        }
        if (n == 0) {
            return content;
        }
        content.append(buffer, static_cast<std::size_t>(n));
    }
}

void make_private_dir(const std::string& path) {
    std::error_code error;
    const bool made = fs::create_directories(path, error);
    if (error) {
        throw DiskError("cannot create the folder " + path + ": " + error.message());
    }
    if (made) {
        fs::permissions(path, fs::perms::owner_all, error);
        sync_dir(folder_of(path));
    }
}

void rename_durably(const std::string& from, const std::string& to) {
    const auto dir = folder_of(to);
    {
        const Descriptor folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder.get() < 0 || ::syncfs(folder.get()) != 0) {
            fail("cannot synchronise the file system of", dir);
        }
    }
    if (::rename(from.c_str(), to.c_str()) != 0) {
        fail("cannot rename to", to);
    }
    sync_dir(dir);
}

void remove_durably(const std::string& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) {
            return;
        }
        fail("cannot remove", path);
    }
    sync_dir(folder_of(path));
}

DirLock::DirLock(const std::string& dir) {
    const std::string path = dir + "/lock";
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) {
        fail("cannot open", path);
    }
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        ::close(fd_);
        fd_ = -1;
        throw DiskError("the folder " + dir +
                        " is locked by another process: stop it, or set another folder");
    }
}

DirLock::~DirLock() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

}  // namespace lamda::agent
