// Environment of tests: folders, ports, waiting.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "testkit/patience.hpp"
#include "testkit/process.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

bool can_bind(int port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool ok = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    return ok;
}

/// Reserves the port's number for this process among all processes of this network namespace: by a socket of
/// an abstract name, which the kernel releases when the process ends.
bool reserve(int port) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const auto text = "lamda-test-port-" + std::to_string(port);
    text.copy(name.sun_path + 1, text.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    if (bind(fd, reinterpret_cast<const sockaddr*>(&name), size) == 0) {
        return true;  // stays open
    }
    close(fd);
    return false;
}

}  // namespace

std::string source_dir() {
    return LAMDA_SOURCE_DIR;
}
std::string binary_dir() {
    return LAMDA_BINARY_DIR;
}

TempDir::TempDir(const std::string& name) {
    static std::atomic<int> count = 0;
    path_ = binary_dir() + "/tmp/" + name + "-" + std::to_string(getpid()) + "-" + std::to_string(++count);
    fs::remove_all(path_);  // of an earlier process with this PID
    fs::create_directories(path_);
}

TempDir::~TempDir() {
    if (std::getenv("LAMDA_KEEP") == nullptr && std::uncaught_exceptions() == 0) {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
}

int free_port() {
    // Below the range of outgoing connections: a stopped server finds its port free when it starts again, and
    // a client that retries cannot connect to itself.
    static std::mutex mutex;
    static std::mt19937 random{std::random_device{}()};
    std::lock_guard lock(mutex);
    std::uniform_int_distribution<int> any(15'000, 31'999);
    for (int i = 0; i < 1'000; ++i) {
        const int port = any(random);
        if (reserve(port) && can_bind(port)) {
            return port;
        }
    }
    throw std::runtime_error("no free port between 15000 and 31999 on 127.0.0.1");
}

int patience() {
    static const int factor = [] {
        const char* value = std::getenv("LAMDA_TEST_PATIENCE");
        return std::max(1, value == nullptr ? 1 : std::atoi(value));
    }();
    return factor;
}

bool wait_until(const std::function<bool()>& condition, Millis timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout * patience();
    while (true) {
        if (condition()) {
            return true;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return false;
        }
        std::this_thread::sleep_for(Millis(20));
    }
}

}  // namespace lamda::testkit
