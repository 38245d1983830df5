#include "services/node-agent/machine/program.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "testkit/patience.hpp"
#include "testkit/process.hpp"

using namespace lamda;
using namespace lamda::agent;
using Kind = ProgramEnd::Kind;

namespace {

Program shell(const std::string& script) {
    Program program;
    program.command = {"sh", "-c", script};
    return program;
}

ProgramEnd ended(const Program& program) {
    const auto end = run_program(program, testkit::kCallTimeout);
    REQUIRE(end);
    return *end;
}

bool exists(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

pid_t read_pid(const std::string& path) {
    pid_t pid = 0;
    std::ifstream(path) >> pid;
    return pid;
}

}  // namespace

TEST_CASE("a program's output and status are returned, its stderr on request, its input is complete") {
    const auto mixed = shell("echo out; echo error >&2; exit 3");
    CHECK(ended(mixed).output == "out\n");
    CHECK(ended(mixed).status == 3);
    CHECK(ended(mixed).kind == Kind::kExited);
    auto with_errors = mixed;
    with_errors.errors = Program::Errors::kWithOutput;
    CHECK(ended(with_errors).output == "out\nerror\n");
    auto reader = shell("wc -c");
    reader.input = std::string(300'000, 'x');
    CHECK(ended(reader).output.find("300000") != std::string::npos);
    auto few = shell("head -c 300000 /dev/zero; echo end");
    few.most_output = 10;
    CHECK(ended(few).output == std::string(10, '\0'));
    const auto killed = ended(shell("kill -TERM $$"));
    CHECK(killed.kind == Kind::kSignal);
    CHECK(killed.status == SIGTERM);
    CHECK_FALSE(run_program({.command = {"/no/such/program"}}, testkit::kCallTimeout));
}

TEST_CASE("a program has this process's environment, or exactly the given one") {
    setenv("LAMDA_PROGRAM_TEST", "inherited", 1);
    auto program = shell("echo \"$LAMDA_PROGRAM_TEST$OTHER\"");
    CHECK(ended(program).output == "inherited\n");
    program.environment = std::vector<std::string>{"OTHER=given"};
    CHECK(ended(program).output == "given\n");
}

TEST_CASE("all that a program has started ends with it") {
    const testkit::TempDir dir("program");
    const auto path = [&](const std::string& name) { return dir.path() + "/" + name; };
    const auto script = [&](const std::string& name) {
        return "sleep 600 & echo $! > " + path(name + ".new") + "; mv " + path(name + ".new") + " " +
               path(name);
    };
    const auto is_gone = [&](const std::string& name) {
        std::string word;
        std::string state;
        const auto pid = read_pid(path(name));
        REQUIRE(pid > 0);
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        stat >> word >> word >> state;
        return state.empty() || state == "Z";
    };
    CHECK(ended(shell(script("exited"))).kind == Kind::kExited);  // although the child holds its output open
    CHECK(testkit::wait_until([&] { return is_gone("exited"); }));

    CHECK(run_program(shell("sleep 600"), Millis(100)).value().kind == Kind::kStopped);
    std::stop_source stop;
    std::jthread stopper([&] {
        testkit::wait_until([&] { return std::filesystem::exists(path("stopped")); });
        stop.request_stop();
    });
    const auto end =
        run_program(shell(script("stopped") + "; sleep 600"), testkit::kCallTimeout, stop.get_token());
    CHECK(end.value().kind == Kind::kStopped);
    CHECK(testkit::wait_until([&] { return is_gone("stopped"); }));
}

// The program of the next test: its child traces it, so that it stays a zombie once killed, as a program does
// that hangs in a driver. The child ends when the file `release` exists.
TEST_CASE("a program that is held by a tracer", "[.held]") {
    const std::string dir = std::getenv("HELD_DIR");
    const pid_t held = ::getpid();
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);  // for its child, where Yama restricts tracing
    if (::fork() == 0) {
        ::setsid();
        if (::ptrace(PTRACE_SEIZE, held, nullptr, nullptr) == 0) {
            std::ofstream(dir + "/held.new") << held;
            std::filesystem::rename(dir + "/held.new", dir + "/held");
            testkit::wait_until([&] { return std::filesystem::exists(dir + "/release"); },
                                testkit::kCallTimeout);
        }
        ::_exit(0);
    }
    for (;;) {
        ::pause();
    }
}

TEST_CASE("a program that cannot be killed is left behind, and reaped later") {
    const testkit::TempDir dir("program");
    Program program;
    program.command = {std::filesystem::read_symlink("/proc/self/exe").string(), "[.held]"};
    program.environment = std::vector<std::string>{"HELD_DIR=" + dir.path()};
    std::stop_source stop;
    std::optional<ProgramEnd> end;
    std::thread runs([&] { end = run_program(program, testkit::kCallTimeout, stop.get_token()); });
    const bool traced = testkit::wait_until([&] { return std::filesystem::exists(dir.path() + "/held"); });
    stop.request_stop();
    runs.join();
    REQUIRE(traced);
    REQUIRE(end);
    CHECK(end->kind == Kind::kStopped);
    const pid_t held = read_pid(dir.path() + "/held");
    CHECK(exists(held));  // as a zombie, which nothing could wait for until now
    std::ofstream(dir.path() + "/release") << "";
    CHECK(testkit::wait_until([&] { return !exists(held); }));
}
