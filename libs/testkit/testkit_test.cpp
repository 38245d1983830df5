#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "testkit/memory_dir.hpp"
#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

using namespace lamda;
using namespace lamda::testkit;
namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

ProcessSpec shell(const std::string& script) {
    ProcessSpec spec;
    spec.argv = {"/bin/sh", "-c", script};
    return spec;
}

bool alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    file >> number >> name >> state;
    return !state.empty() && state != "Z";
}

pid_t number_in(const std::string& path) {
    pid_t out = 0;
    std::ifstream(path) >> out;
    return out;
}

}  // namespace

TEST_CASE("a process reports its exit status, or the signal that ended it") {
    Process ordinary(shell("exit 7"));
    REQUIRE(ordinary.wait(Millis(60'000)) == 7);
    REQUIRE(ordinary.pid() > 0);
    Process killed(shell("sleep 60"));
    REQUIRE(killed.running());
    REQUIRE(killed.kill() == 128 + SIGKILL);
    Process stopped(shell("trap 'exit 3' TERM; echo; while :; do sleep 0.01; done"));
    const int status = stopped.stop();
    REQUIRE((status == 3 || status == 128 + SIGTERM));  // the trap may not be set yet
}

TEST_CASE("a process that ignores SIGTERM is killed after the timeout") {
    TempDir dir("stubborn");
    ProcessSpec spec = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
    spec.log_file = dir.path() + "/log";
    Process stubborn(spec);
    REQUIRE(wait_until([&] { return !text_of(spec.log_file).empty(); }));
    REQUIRE(stubborn.stop(Millis(100)) == 128 + SIGKILL);
}

TEST_CASE("a process starts with the minimal environment and the given variables, also after a restart") {
    ::setenv("LAMDA_TEST_SECRET", "leak", 1);
    ProcessSpec spec = shell("env; echo cwd=$PWD");
    spec.env = {{"A", "1"}};
    spec.cwd = "/usr";
    const auto first = run(spec);
    REQUIRE(first.status == 0);
    INFO(first.output);
    REQUIRE(first.output.find("LAMDA_TEST_SECRET") == std::string::npos);
    REQUIRE(("\n" + first.output).find("\nHOME=/usr\n") != std::string::npos);
    REQUIRE(first.output.find("cwd=/usr\n") != std::string::npos);
    TempDir dir("restart");
    ProcessSpec again = shell("echo $A$B");
    again.env = {{"A", "1"}};
    again.log_file = dir.path() + "/log";
    Process process(again);
    REQUIRE(process.wait(Millis(60'000)) == 0);
    process.restart({{"B", "2"}});
    REQUIRE(process.wait(Millis(60'000)) == 0);
    REQUIRE(text_of(again.log_file) == "1\n12\n");
}

TEST_CASE("a command that does not exist is named in the error") {
    ProcessSpec spec;
    spec.argv = {"lamda-no-such-command"};
    REQUIRE_THROWS_WITH(Process(spec),
                        Catch::Contains("lamda-no-such-command") && Catch::Contains("No such file"));
    REQUIRE_THROWS_WITH(run(spec), Catch::Contains("lamda-no-such-command"));
}

TEST_CASE("the process group ends with its leader") {
    TempDir dir("group");
    const std::string file = dir.path() + "/child";
    Process process(shell("sleep 60 & echo $! > " + file + "; wait"));
    REQUIRE(wait_until([&] { return number_in(file) > 0; }));
    const pid_t child = number_in(file);
    REQUIRE(alive(child));
    process.kill();
    REQUIRE(wait_until([&] { return !alive(child); }));
}

TEST_CASE("children die with a parent that is killed, even those that run as another user") {
    TempDir dir("orphans");
    const std::string file = dir.path() + "/pid";
    const pid_t parent = fork();
    if (parent == 0) {
        ProcessSpec spec;
        spec.argv = {"sleep", "60"};
        spec.as_postgres = true;
        Process process(spec);
        std::ofstream(file + ".new") << process.pid() << "\n";
        fs::rename(file + ".new", file);
        pause();
        _exit(0);
    }
    REQUIRE(wait_until([&] { return number_in(file) > 0; }));
    const pid_t child = number_in(file);
    // The child has become `sleep`: setpriv is done.
    REQUIRE(wait_until([&] { return text_of("/proc/" + std::to_string(child) + "/comm") == "sleep\n"; }));
    ::kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    REQUIRE(wait_until([&] { return !alive(child); }));
}

TEST_CASE("run ends the process after its timeout") {
    REQUIRE(run(shell("echo before; sleep 60"), Millis(200)).status == 128 + SIGKILL);
}

TEST_CASE("free ports differ and lie below the range of outgoing connections") {
    const int a = free_port();
    const int b = free_port();
    REQUIRE(a != b);
    REQUIRE(a < 32'768);
    // Other processes see that it is taken.
    REQUIRE(text_of("/proc/net/unix").find("@lamda-test-port-" + std::to_string(a) + "\n") !=
            std::string::npos);
}

TEST_CASE("PostgreSQL keeps its data and port through stop, SIGKILL and start") {
    TempDir dir("postgres");
    PostgresServer server(dir.path());
    server.create_database("one");
    const auto psql = [&](const std::string& sql) {
        ProcessSpec spec;
        spec.argv = {"psql", "-X", "-At", "-c", sql, server.dsn("one")};
        return run(spec);
    };
    REQUIRE(psql("CREATE TABLE t AS SELECT 7 AS x").status == 0);
    const std::string before = server.dsn();
    server.stop();
    REQUIRE(psql("SELECT 1").status != 0);
    server.start();
    REQUIRE(server.dsn() == before);
    REQUIRE(psql("SELECT x FROM t").output == "7\n");
    server.kill();
    REQUIRE(psql("SELECT 1").status != 0);
    server.start();
    REQUIRE(psql("SELECT x FROM t").output == "7\n");
    server.drop_database("one");
    REQUIRE(psql("SELECT 1").status != 0);
}

TEST_CASE("a folder in memory goes with its owner, at the latest when the next one is made") {
    std::string path;
    {
        const MemoryDir dir;
        path = dir.path;
        REQUIRE(fs::is_directory(path));
    }
    REQUIRE_FALSE(fs::exists(path));

    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const MemoryDir left;
        const auto written = ::write(pipe[1], left.path.c_str(), left.path.size());
        ::_exit(written > 0 ? 0 : 1);
    }
    char text[256] = {};
    REQUIRE(::read(pipe[0], text, sizeof(text) - 1) > 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    ::close(pipe[0]);
    ::close(pipe[1]);
    const MemoryDir next;
    REQUIRE_FALSE(fs::exists(text));
    REQUIRE(fs::exists(next.path));
}

TEST_CASE("a server that cannot start quotes its log") {
    TempDir dir("broken");
    fs::create_directories(dir.path() + "/data");
    std::ofstream(dir.path() + "/data/PG_VERSION") << "1\n";
    REQUIRE_THROWS_WITH(PostgresServer(dir.path()), Catch::Contains("postgres.log says:"));
}

TEST_CASE("nats-server answers after each start, on the same port") {
    TempDir dir("nats");
    NatsServer server(dir.path());
    const int port = std::stoi(server.url().substr(server.url().rfind(':') + 1));
    REQUIRE(accepts_connections(port));
    server.stop();
    REQUIRE_FALSE(accepts_connections(port));
    server.start();
    REQUIRE(accepts_connections(port));
    server.kill();
    REQUIRE_FALSE(accepts_connections(port));
    server.start();
    REQUIRE(accepts_connections(port));
}
