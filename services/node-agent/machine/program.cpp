#include "services/node-agent/machine/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "core/deadline.hpp"

namespace lamda::agent {

namespace {

constexpr int kPollMillis = 20;
constexpr Millis kReapEvery{5};
/// A program in an uninterruptible call of a driver survives even SIGKILL.
constexpr Millis kKilledWithin{1'000};

/// A file descriptor that is closed at the end.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() { reset(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void reset() {
        if (number_ >= 0) {
            ::close(number_);
        }
        number_ = -1;
    }
    int get() const { return number_; }

  private:
    int number_;
};

/// A file in memory with the text, at its start: unlike a pipe it never blocks the writer. -1: none.
int file_of(const std::string& text) {
    const int file = ::memfd_create("stdin", MFD_CLOEXEC);
    for (std::size_t written = 0; file >= 0 && written < text.size();) {
        const auto bytes = ::write(file, text.data() + written, text.size() - written);
        if (bytes <= 0) {
            ::close(file);
            return -1;
        }
        written += static_cast<std::size_t>(bytes);
    }
    if (file >= 0) {
        ::lseek(file, 0, SEEK_SET);
    }
    return file;
}

/// Texts as a list of pointers that ends with null, for exec.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        out.push_back(const_cast<char*>(text.c_str()));
    }
    out.push_back(nullptr);
    return out;
}

/// -1: not started.
pid_t start(const Program& program, int input, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (program.errors == Program::Errors::kWithOutput) {
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    } else {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    const auto argv = pointers_to(program.command);
    const auto variables =
        program.environment ? pointers_to(*program.environment) : std::vector<char*>{nullptr};
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(),
                                     program.environment ? variables.data() : environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? pid : -1;
}

/// True if the program has ended. It remains a zombie, so that its number is not used again.
bool has_ended(pid_t pid) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0
               ? errno != EINTR
               : info.si_pid == pid;
}

/// Output of the program, at most `most` bytes of it.
class Output {
  public:
    Output(int fd, std::size_t most) : fd_(fd), most_(most) {}

    /// Waits for output, at most 20 ms, and reads a part.
    void wait() {
        pollfd ready{fd_, POLLIN, 0};
        if (::poll(&ready, open_ ? 1 : 0, kPollMillis) > 0) {
            read_part();
        }
    }
    /// Reads what an ended program has left.
    void drain() {
        while (open_ && text.size() < most_ && read_part()) {
        }
    }

    std::string text;

  private:
    /// False: nothing to read now.
    bool read_part() {
        std::array<char, 16'384> part{};
        const auto bytes = ::read(fd_, part.data(), part.size());
        if (bytes < 0) {
            open_ = errno == EAGAIN || errno == EINTR;
            return errno == EINTR;
        }
        open_ = bytes > 0;
        text.append(part.data(), std::min(static_cast<std::size_t>(bytes), most_ - text.size()));
        return open_;
    }

    int fd_;
    std::size_t most_;
    bool open_ = true;
};

/// Status of the killed program; absent if it does not end in time: then a thread waits for it.
std::optional<int> reap(pid_t pid, const Clock& clock) {
    const Deadline deadline(clock, kKilledWithin);
    for (;;) {
        int status = 0;
        const auto ended = ::waitpid(pid, &status, WNOHANG);
        if (ended == pid) {
            return status;
        }
        if (ended < 0 && errno != EINTR) {
            return std::nullopt;
        }
        if (deadline.passed()) {
            std::thread([pid] {
                while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
                }
            }).detach();
            return std::nullopt;
        }
        clock.sleep({}, kReapEvery);
    }
}

}  // namespace

std::optional<ProgramEnd> run_program(const Program& program, Millis timeout, const std::stop_token& stop) {
    std::array<int, 2> pipe{-1, -1};
    const Descriptor input(file_of(program.input));
    if (input.get() < 0 || ::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return std::nullopt;
    }
    const Descriptor from(pipe[0]);
    Descriptor into(pipe[1]);
    ::fcntl(into.get(), F_SETFL, 0);  // the program's end blocks
    const pid_t pid = start(program, input.get(), into.get());
    into.reset();
    if (pid < 0) {
        return std::nullopt;
    }
    const SystemClock clock;
    const Deadline deadline(clock, timeout);
    Output output(from.get(), program.most_output);
    bool ended = has_ended(pid);
    while (!ended && !deadline.passed() && !stop.stop_requested()) {
        output.wait();
        ended = has_ended(pid);
    }
    if (ended) {
        output.drain();
    }
    ::kill(-pid, SIGKILL);  // the program, and all that it has started
    const auto status = reap(pid, clock);
    ProgramEnd end;
    end.output = std::move(output.text);
    if (ended && status) {
        end.kind = WIFEXITED(*status) ? ProgramEnd::Kind::kExited : ProgramEnd::Kind::kSignal;
        end.status = WIFEXITED(*status) ? WEXITSTATUS(*status) : WTERMSIG(*status);
    }
    return end;
}

}  // namespace lamda::agent
