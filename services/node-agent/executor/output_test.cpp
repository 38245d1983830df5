#include "services/node-agent/executor/output.hpp"

#include <sys/stat.h>

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
}  // namespace

TEST_CASE("an entry that is neither a file nor a folder is named") {
    const testkit::TempDir dir("agent-output");
    const std::string out = dir.path() + "/output";
    make_open_dir(out);
    fs::create_directories(out + "/a");
    write(out + "/a/fine", 1);
    CHECK(unstorable_entry(out) == std::nullopt);
    REQUIRE(::mkfifo((out + "/a/pipe").c_str(), 0600) == 0);
    CHECK(fs::path(unstorable_entry(out).value()).filename() == "pipe");
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
