#include "testkit/memory_dir.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

constexpr auto kRoot = "/dev/shm";
constexpr std::string_view kPrefix = "lamda-test-";  // and the PID of the owner

void remove_orphans() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(kRoot, ignored)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with(kPrefix)) {
            continue;
        }
        const auto pid = name.substr(kPrefix.size(), name.rfind('-') - kPrefix.size());
        if (!fs::exists("/proc/" + pid, ignored)) {
            fs::remove_all(entry.path(), ignored);
        }
    }
}

}  // namespace

MemoryDir::MemoryDir()
    : path(std::string(kRoot) + "/" + std::string(kPrefix) + std::to_string(::getpid()) + "-XXXXXX") {
    remove_orphans();
    if (::mkdtemp(path.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), path);
    }
}

MemoryDir::~MemoryDir() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

bool MemoryDir::has_room(std::uintmax_t bytes) {
    std::error_code error;
    const auto space = fs::space(kRoot, error);
    return !error && space.available >= bytes;
}

}  // namespace lamda::testkit
