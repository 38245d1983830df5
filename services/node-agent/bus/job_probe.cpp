#include "services/node-agent/bus/job_probe.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "core/deadline.hpp"
#include "core/utf8.hpp"

namespace lamda::agent {

namespace {

using Kind = ProbeAnswer::Kind;

constexpr std::size_t kMostOutput = 4'096;
constexpr std::size_t kMostReason = 200;
constexpr int kPollMillis = 20;

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

/// A file in memory with the text, at its start: unlike a pipe it never blocks the writer.
int file_of(const std::string& text) {
    const int file = ::memfd_create("assignment", MFD_CLOEXEC);
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

/// Starts the program in a process group of its own, with PATH as its only variable. -1: not started.
pid_t start(const std::vector<std::string>& command, int input, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    std::vector<char*> argv;
    for (const auto& argument : command) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    std::array<char*, 2> environment{path.data(), nullptr};
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? pid : -1;
}

/// Reads what is there. False: the program has closed its output.
bool read_some(int fd, std::string& text) {
    std::array<char, kMostOutput> part{};
    const auto bytes = ::read(fd, part.data(), part.size());
    if (bytes > 0) {
        text.append(part.data(), std::min(static_cast<std::size_t>(bytes), kMostOutput - text.size()));
    }
    return bytes > 0 || (bytes < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace

Result<ProbeConfig> parse_probe(std::string_view text) {
    ProbeConfig out;
    if (text.starts_with("http://") || text.starts_with("https://")) {
        out.url = text;
        return out;
    }
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        out.command.push_back(word);
    }
    if (!out.command.empty() && !out.command.front().starts_with('/')) {
        return Error{"invalid_probe", "must be an http(s):// URL, or an absolute path with arguments", ""};
    }
    return out;
}

std::string first_line(std::string_view output) {
    auto line = valid_utf8(output.substr(0, std::min(output.find('\n'), kMostOutput)));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
        ' ');
    std::size_t end = 0;
    while (end < line.size() && end + utf8_sequence(std::string_view(line).substr(end)) <= kMostReason) {
        end += utf8_sequence(std::string_view(line).substr(end));
    }
    line.resize(end);
    const auto first = line.find_first_not_of(' ');
    return first == std::string::npos ? "" : line.substr(first, line.find_last_not_of(' ') - first + 1);
}

ProbeAnswer answer_of_exit(int status, std::string_view output) {
    if (status == 0) {
        return {};
    }
    if (status != 1) {
        return {Kind::kLater, fmt::format("the probe ended with status {}", status)};
    }
    auto reason = first_line(output);
    return {Kind::kRefuse, reason.empty() ? "the provider does not take this job" : std::move(reason)};
}

ProbeAnswer answer_of_http(int status, std::string_view body) {
    constexpr int kForbidden = 403;
    if (status >= 200 && status < 300) {
        return {};
    }
    if (status != kForbidden) {
        return {Kind::kLater, fmt::format("the probe answered {}", status)};
    }
    return answer_of_exit(1, body);
}

ProbeAnswer JobProbe::ask(const std::string& assignment, const std::stop_token& stop) const {
    if (!config_.command.empty()) {
        return run(assignment, stop);
    }
    return config_.url.empty() ? ProbeAnswer{} : post(assignment, stop);
}

ProbeAnswer JobProbe::run(const std::string& assignment, const std::stop_token& stop) const {
    std::array<int, 2> pipe{-1, -1};
    const Descriptor input(file_of(assignment));
    if (input.get() < 0 || ::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return {Kind::kLater, "the probe could not be started: no file descriptor"};
    }
    const Descriptor output(pipe[0]);
    Descriptor into(pipe[1]);
    // The program's end is blocking: it has no file flags of its own before this.
    ::fcntl(into.get(), F_SETFL, 0);
    const pid_t pid = start(config_.command, input.get(), into.get());
    into.reset();
    if (pid < 0) {
        return {Kind::kLater, "the probe could not be started"};
    }
    const SystemClock clock;
    const Deadline deadline(clock, config_.timeout);
    std::string text;
    bool open = true;
    int status = 0;
    bool ended = false;
    while (!ended && !deadline.passed() && !stop.stop_requested()) {
        pollfd ready{output.get(), POLLIN, 0};
        if (::poll(&ready, open ? 1 : 0, kPollMillis) > 0) {
            open = read_some(output.get(), text);
        }
        ended = ::waitpid(pid, &status, WNOHANG) == pid;
    }
    while (ended && open && text.size() < kMostOutput && read_some(output.get(), text) && errno != EAGAIN) {
    }
    ::kill(-pid, SIGKILL);  // the program, and whatever it has started
    if (!ended) {
        while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        return {Kind::kLater, fmt::format("the probe did not answer within {} ms", config_.timeout.count())};
    }
    return WIFEXITED(status) ? answer_of_exit(WEXITSTATUS(status), text)
                             : ProbeAnswer{Kind::kLater, "the probe was ended by a signal"};
}

ProbeAnswer JobProbe::post(const std::string& assignment, const std::stop_token& stop) const {
    net::HttpRequest request;
    request.method = "POST";
    request.url = config_.url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = assignment;
    request.timeout = config_.timeout;
    request.connect_timeout = config_.timeout;
    request.max_body = 64U << 10U;
    request.stop = stop;
    try {
        const auto response = http_.send(request);
        return answer_of_http(response.status, response.body);
    } catch (const net::TransportError& error) {
        return {Kind::kLater, std::string("the probe did not answer: ") + error.what()};
    }
}

}  // namespace lamda::agent
