#include "services/node-agent/executor/output.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>

#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
namespace fs = std::filesystem;

namespace {
void write(const std::string& path, std::size_t bytes) {
    std::ofstream(path) << std::string(bytes, 'x');
}
}  // namespace

TEST_CASE("an output that cannot be stored is refused, with its entry") {
    const testkit::TempDir dir("agent-output");
    const std::string out = dir.path() + "/output";
    make_open_dir(out);
    fs::create_directories(out + "/a");
    write(out + "/a/fine", 1);
    const auto in_a = [&](const std::string& name) { return out + "/a/" + name; };
    const std::string special = "the output holds an entry that is neither a file nor a folder: ";
    const std::string misnamed = "the output holds an entry whose name is not UTF-8: ";
    struct Case {
        std::string scenario;
        std::function<void()> make;
        std::string reason;  ///< empty: it can be stored
    };
    const auto device = [&](const char* name, mode_t type) {
        REQUIRE(::mknod(in_a(name).c_str(), type | 0666, makedev(1, 3)) == 0);
    };
    const std::vector<Case> cases{
        {"a second name of a file", [&] { fs::create_hard_link(in_a("fine"), in_a("again")); }, ""},
        {"a file and a folder without any permission",
         [&] {
             write(in_a("closed"), 1);
             fs::permissions(in_a("closed"), fs::perms::none);
             fs::create_directory(in_a("shut"));
             fs::permissions(in_a("shut"), fs::perms::none);
         },
         ""},
        {"a name in UTF-8", [&] { write(in_a("größe-日本"), 1); }, ""},
        {"a link to a file of the host", [&] { fs::create_symlink("/etc/passwd", in_a("link")); },
         special + "a/link"},
        {"a link to a folder of the host", [&] { fs::create_directory_symlink("/etc", in_a("folder")); },
         special + "a/folder"},
        {"a link to nothing", [&] { fs::create_symlink("nothing", in_a("dangling")); },
         special + "a/dangling"},
        {"a pipe", [&] { REQUIRE(::mkfifo(in_a("pipe").c_str(), 0600) == 0); }, special + "a/pipe"},
        {"a socket", [&] { REQUIRE(::mknod(in_a("socket").c_str(), S_IFSOCK | 0600, 0) == 0); },
         special + "a/socket"},
        {"a device of characters", [&] { device("null", S_IFCHR); }, special + "a/null"},
        {"a device of blocks", [&] { device("disk", S_IFBLK); }, special + "a/disk"},
        {"a file whose name is not UTF-8", [&] { write(in_a("caf\xe9"), 1); },
         misnamed + "a/caf\xef\xbf\xbd"},
        {"a folder whose name is not UTF-8", [&] { fs::create_directory(in_a("\xff")); },
         misnamed + "a/\xef\xbf\xbd"}};
    for (const auto& one : cases) {
        INFO(one.scenario);
        one.make();
        CHECK(unstorable_entry(out).value_or("") == one.reason);
        if (!one.reason.empty()) {
            remove_tree(out + "/a");
            fs::create_directory(out + "/a");
        }
        CHECK(unstorable_entry(out) == std::nullopt);
    }
}

TEST_CASE("a folder is removed whatever a job nested in it, and nothing outside of it") {
    const testkit::TempDir dir("agent-output");
    const std::string out = dir.path() + "/output";
    const std::string outside = dir.path() + "/outside";
    write(outside, 1);
    fs::create_directories(out + "/removed-0/removed-1/x");
    fs::create_directories(out + "/removed-1/full");
    write(out + "/removed-2", 1);  // a name that the removal would use
    fs::create_symlink(dir.path(), out + "/up");
    fs::create_hard_link(outside, out + "/again");
    // Deeper than paths can name, and than this process may open files.
    int at = ::open(out.c_str(), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 3'000; ++i) {
        REQUIRE(::mkdirat(at, "d", 0) == 0);
        const int below = ::openat(at, "d", O_RDONLY | O_DIRECTORY);
        REQUIRE(below >= 0);
        ::close(at);
        at = below;
    }
    REQUIRE(::mkfifoat(at, "pipe", 0) == 0);
    ::close(at);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit few = before;
    few.rlim_cur = 64;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    CHECK_NOTHROW(remove_tree(out));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_FALSE(fs::exists(fs::symlink_status(out)));
    CHECK(fs::file_size(outside) == 1);

    remove_tree(out);  // it is gone
    fs::create_symlink(dir.path(), out);
    remove_tree(out);
    CHECK_FALSE(fs::exists(fs::symlink_status(out)));
    CHECK(fs::exists(outside));
}

TEST_CASE("the path of an output is removed from a published text") {
    CHECK(without_path("/srv/x/output: too many; /srv/x/output/a", "/srv/x") ==
          "/output: too many; /output/a");
    CHECK(without_path("nothing of it", "/srv/x") == "nothing of it");
}

TEST_CASE("a folder for the job is recreated empty and writable for every user") {
    const testkit::TempDir dir("agent-output");
    const std::string out = dir.path() + "/output";
    make_open_dir(out);
    write(out + "/left", 1);
    make_open_dir(out);
    CHECK(fs::is_empty(out));
    CHECK((fs::status(out).permissions() & fs::perms::others_write) != fs::perms::none);
}
