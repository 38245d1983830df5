#include "services/node-agent/machine/program_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/deadline.hpp"

namespace lamda::agent {

namespace {

constexpr std::size_t kMostText = 64 * 1024;
constexpr int kSignalled = 128;
constexpr Millis kReapEvery{5};
/// A program in an uninterruptible call of a driver survives even SIGKILL.
constexpr Millis kKilledWithin{1'000};

/// Reads until the program closes its output. False: not before the deadline.
bool read_all(int fd, const Deadline& deadline, std::string& text) {
    std::array<char, 4096> part{};
    for (;;) {
        pollfd ready{fd, POLLIN, 0};
        const int events = poll(&ready, 1, static_cast<int>(deadline.left().count()));
        if (events <= 0) {
            if (events < 0 && errno == EINTR) {
                continue;
            }
            return false;
        }
        const auto bytes = read(fd, part.data(), part.size());
        if (bytes <= 0) {
            return true;
        }
        text.append(part.data(), std::min(static_cast<std::size_t>(bytes), kMostText - text.size()));
    }
}

pid_t start(const std::vector<std::string>& arguments, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const auto& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? pid : -1;
}

/// Waits for the program's end. False: it has not ended before the deadline.
bool reap(pid_t pid, const Clock& clock, const Deadline& deadline, int& status) {
    for (;;) {
        const auto ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid || (ended < 0 && errno != EINTR)) {
            return true;
        }
        if (deadline.passed()) {
            return false;
        }
        clock.sleep({}, kReapEvery);
    }
}

}  // namespace

std::optional<ProgramOutput> program_output(const std::vector<std::string>& arguments, Millis timeout) {
    std::array<int, 2> pipe{};
    if (pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return std::nullopt;
    }
    const auto [from, into] = pipe;
    const pid_t pid = start(arguments, into);
    close(into);
    if (pid < 0) {
        close(from);
        return std::nullopt;
    }
    const SystemClock clock;
    ProgramOutput output;
    const Deadline deadline(clock, timeout);
    int status = 0;
    output.timed_out = !read_all(from, deadline, output.text) || !reap(pid, clock, deadline, status);
    close(from);
    if (output.timed_out) {
        kill(pid, SIGKILL);
        if (!reap(pid, clock, Deadline(clock, kKilledWithin), status)) {
            status = SIGKILL;
        }
    }
    output.status = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
    return output;
}

}  // namespace lamda::agent
