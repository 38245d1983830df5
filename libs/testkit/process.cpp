#include "testkit/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include "testkit/patience.hpp"

namespace lamda::testkit {

namespace {

constexpr auto kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<std::string> full_argv(const ProcessSpec& spec) {
    std::vector<std::string> argv;
    if (spec.as_postgres && geteuid() == 0) {
        // The server refuses root. The ambient capability lets user postgres enter a checkout below a 0700
        // home. A change of user clears the parent-death signal, so setpriv sets it again.
        argv = {"setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--inh-caps=+dac_read_search",
                "--ambient-caps=+dac_read_search",
                "--pdeathsig=KILL"};
    }
    argv.insert(argv.end(), spec.argv.begin(), spec.argv.end());
    return argv;
}

std::vector<std::string> full_env(const ProcessSpec& spec, const std::string& cwd) {
    std::map<std::string, std::string> env{{"PATH", kPath}, {"HOME", cwd}, {"LANG", "C.UTF-8"}};
    if (patience() > 1) {
        env["LAMDA_TEST_PATIENCE"] = std::to_string(patience());
    }
    for (const auto& [key, value] : spec.env) {
        env[key] = value;
    }
    std::vector<std::string> out;
    out.reserve(env.size());
    for (const auto& [key, value] : env) {
        out.push_back(std::string(key).append("=").append(value));
    }
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

/// Uses only async-signal-safe calls: other threads may hold any lock at the fork.
[[noreturn]] void become(char* const* argv, char* const* env, const char* cwd, int output, int error_pipe,
                         pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) {
        signal(number, SIG_DFL);
    }
    if (getppid() == parent && chdir(cwd) == 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0) {
        const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // sockets that libraries opened without CLOEXEC
        execvpe(argv[0], argv, env);
    }
    const int error = errno;
    [[maybe_unused]] const auto written = write(error_pipe, &error, sizeof(error));
    _exit(127);
}

pid_t spawn(const ProcessSpec& spec, int output) {
    if (spec.argv.empty()) {
        throw std::runtime_error("a process needs a command");
    }
    std::string cwd = spec.cwd;
    if (cwd.empty()) {
        std::unique_ptr<char, decltype(&std::free)> current(get_current_dir_name(), &std::free);
        cwd = current ? current.get() : "/";
    }
    auto argv = full_argv(spec);
    auto env = full_env(spec, cwd);
    const auto argv_pointers = pointers(argv);
    const auto env_pointers = pointers(env);
    int error_pipe[2];
    if (pipe2(error_pipe, O_CLOEXEC) != 0) {
        throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
    }
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        become(argv_pointers.data(), env_pointers.data(), cwd.c_str(), output, error_pipe[1], parent);
    }
    close(error_pipe[1]);
    int error = 0;
    const auto got = pid < 0 ? 0 : read(error_pipe[0], &error, sizeof(error));
    close(error_pipe[0]);
    if (pid < 0) {
        throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    }
    if (got == sizeof(error)) {
        waitpid(pid, nullptr, 0);
        throw std::runtime_error("cannot run " + argv[0] + " in " + cwd + ": " + std::strerror(error));
    }
    return pid;
}

int decode(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Process::Process(ProcessSpec spec) : spec_(std::move(spec)) {
    restart();
}

Process::~Process() {
    if (pid_ > 0) {
        kill();
    }
}

Process::Process(Process&& other) noexcept
    : spec_(std::move(other.spec_)),
      pid_(std::exchange(other.pid_, -1)),
      status_(std::exchange(other.status_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(spec_, other.spec_);
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    return *this;
}

pid_t Process::pid() const {
    return pid_;
}

bool Process::running() {
    return pid_ > 0 && !wait(Millis(0));
}

void Process::signal(int number) {
    if (running()) {
        ::kill(pid_, number);
    }
}

std::optional<int> Process::wait(Millis timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout * patience();
    while (pid_ > 0 && !status_) {
        siginfo_t info{};
        if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid_) {
            ::kill(-pid_, SIGKILL);  // before reaping, while the group's number cannot be reused
            int status = 0;
            waitpid(pid_, &status, 0);
            status_ = decode(status);
            break;
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            break;
        }
        std::this_thread::sleep_for(Millis(2));
    }
    return status_;
}

int Process::kill() {
    if (running()) {
        ::kill(-pid_, SIGKILL);
    }
    return wait(Millis(60'000)).value_or(-1);
}

int Process::stop(Millis timeout) {
    signal(SIGTERM);
    const auto status = wait(timeout);
    return status ? *status : kill();
}

void Process::restart(const std::map<std::string, std::string>& more_env) {
    if (pid_ > 0) {
        kill();
    }
    for (const auto& [key, value] : more_env) {
        spec_.env[key] = value;
    }
    const std::string log = spec_.log_file.empty() ? "/dev/null" : spec_.log_file;
    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) {
        throw std::runtime_error("cannot open " + log + ": " + std::strerror(errno));
    }
    status_.reset();
    try {
        pid_ = -1;
        pid_ = spawn(spec_, output);
    } catch (...) {
        close(output);
        throw;
    }
    close(output);
}

Finished run(const ProcessSpec& spec, Millis timeout) {
    const int output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0) {
        throw std::runtime_error(std::string("memfd_create: ") + std::strerror(errno));
    }
    Finished finished{-1, ""};
    try {
        const pid_t pid = spawn(spec, output);
        const auto deadline = std::chrono::steady_clock::now() + timeout * patience();
        int status = 0;
        while (waitpid(pid, &status, WNOHANG) == 0) {
            if (std::chrono::steady_clock::now() >= deadline) {
                ::kill(-pid, SIGKILL);
                waitpid(pid, &status, 0);
                break;
            }
            std::this_thread::sleep_for(Millis(2));
        }
        finished.status = decode(status);
    } catch (...) {
        close(output);
        throw;
    }
    finished.output.resize(static_cast<std::size_t>(lseek(output, 0, SEEK_END)));
    const auto got = pread(output, finished.output.data(), finished.output.size(), 0);
    finished.output.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    close(output);
    return finished;
}

}  // namespace lamda::testkit
