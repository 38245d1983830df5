#include "services/node-agent/executor/disk_cost.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path, std::size_t bytes) {
    std::ofstream(path) << std::string(bytes, 'x');
}

/// Creates nested folders below `top` by descriptors, with a file of `bytes` in the deepest.
void make_deep(const std::string& top, unsigned depth, const std::string& name, off_t bytes) {
    int at = ::open(top.c_str(), O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < depth; ++i) {
        REQUIRE(::mkdirat(at, name.c_str(), 0700) == 0);
        const int below = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY);
        ::close(at);
        at = below;
    }
    const int file = ::openat(at, "deep", O_WRONLY | O_CREAT, 0600);
    REQUIRE(::ftruncate(file, bytes) == 0);
    ::close(file);
    ::close(at);
}

}  // namespace

TEST_CASE("each entry counts at least one block, files count whole blocks, links are not followed") {
    const testkit::TempDir dir("agent-cost");
    const std::string out = dir.path() + "/output";
    fs::create_directories(out + "/a/b");
    CHECK(disk_cost(out) == 2 * kEntryBytes);
    write(out + "/empty", 0);
    write(out + "/one", 1);
    write(out + "/a/block", kEntryBytes);
    write(out + "/a/b/more", kEntryBytes + 1);
    write(dir.path() + "/outside", 1'000'000);
    fs::create_symlink(dir.path() + "/outside", out + "/link");
    fs::create_directory_symlink(dir.path(), out + "/up");
    REQUIRE(::mkfifo((out + "/a/pipe").c_str(), 0600) == 0);
    CHECK(disk_cost(out) == (2 + 1 + 1 + 1 + 2 + 1 + 1 + 1) * kEntryBytes);
    CHECK(disk_cost(dir.path() + "/absent") == 0);
    CHECK(disk_cost(dir.path() + "/outside") == 0);
    std::stop_source stopped;
    stopped.request_stop();
    CHECK(disk_cost(out, 1 << 20, stopped.get_token()) == 0);
}

TEST_CASE("counting ends at the limit") {
    const testkit::TempDir dir("agent-cost");
    for (int i = 0; i < 100; ++i) {
        write(dir.path() + "/" + std::to_string(i), 0);
    }
    CHECK(disk_cost(dir.path(), 100 * kEntryBytes) == 100 * kEntryBytes);
    CHECK(disk_cost(dir.path(), 10 * kEntryBytes) == 11 * kEntryBytes);
}

TEST_CASE("a file below a path that exceeds PATH_MAX is counted") {
    const testkit::TempDir dir("agent-cost");
    make_deep(dir.path(), 40, std::string(200, 'd'), 60 << 20);
    CHECK(disk_cost(dir.path()) == (60ULL << 20) + 40 * kEntryBytes);
    fs::remove_all(dir.path());
}

TEST_CASE("a tree that is too deep counts as above the limit") {
    const testkit::TempDir dir("agent-cost");
    make_deep(dir.path(), kDeepestFolder, "d", 0);
    CHECK(disk_cost(dir.path(), 64 << 20) == (kDeepestFolder + 1) * kEntryBytes);
    fs::remove_all(dir.path());
    fs::create_directories(dir.path());
    make_deep(dir.path(), kDeepestFolder + 1, "d", 0);
    CHECK(disk_cost(dir.path(), 64 << 20) == (64 << 20) + 1);
    fs::remove_all(dir.path());
}
