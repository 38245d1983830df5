#include "testkit/detail/postgres_cluster.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "testkit/process.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

/// Holds flock(2) on a file, which it creates if absent.
class FileLock {
  public:
    explicit FileLock(const std::string& path)
        : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (file_ < 0 || ::flock(file_, LOCK_EX) != 0) {
            throw std::system_error(errno, std::generic_category(), path);
        }
    }
    ~FileLock() { ::close(file_); }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

  private:
    int file_;
};

void must(ProcessSpec spec) {
    const std::string name = spec.argv[0];
    const auto finished = run(std::move(spec));
    if (finished.status != 0) {
        throw std::runtime_error(name + " failed: " + finished.output);
    }
}

void initialise(const std::string& bin, const std::string& data) {
    fs::create_directories(data);
    if (geteuid() == 0) {
        must({{"chown", "postgres:postgres", data}, {}, "/", "", false});
    }
    must({{bin + "/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
           "--no-sync"},
          {},
          fs::path(data).parent_path(),
          "",
          true});
}

/// One for each user and version of PostgreSQL: an old one does not fit, a foreign one cannot be read.
std::string original(const std::string& bin) {
    const std::string folder = binary_dir() + "/tmp";
    const std::string version = fs::path(bin).parent_path().filename();
    const std::string path = folder + "/postgres-" + version + "-" + std::to_string(geteuid());
    fs::create_directories(folder);
    const FileLock lock(path + ".lock");
    if (!fs::exists(path)) {
        fs::remove_all(path + ".new");  // of a killed process
        initialise(bin, path + ".new");
        fs::rename(path + ".new", path);
    }
    return path;
}

}  // namespace

void create_cluster(const std::string& bin, const std::string& data) {
    must({{"cp", "--archive", "--reflink=auto", original(bin), data}, {}, "/", "", false});
}

}  // namespace lamda::testkit
