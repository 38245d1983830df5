#include "tools/devnet/daemon.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "telemetry/shown_text.hpp"
#include "terminal/table.hpp"
#include "tools/devnet/reach.hpp"

namespace lamda::devnet {
namespace {

using nlohmann::json;
using telemetry::shown_text;

// The record of a running network is next to its folder, which a new start empties.
std::string record_file(const std::string& dir) {
    return dir + ".json";
}
std::string settings_file(const std::string& dir) {
    return dir + ".env";
}

json read_record(const std::string& dir) {
    std::ifstream in(record_file(dir));
    const auto record = json::parse(in, nullptr, false);
    return record.is_object() ? record : json::object();
}

bool alive(const json& record) {
    const pid_t pid = record.value("pid", 0);
    return pid > 0 && ::kill(pid, 0) == 0;
}

void write_file(const std::string& path, const std::string& text) {
    const std::string fresh = path + ".new";
    std::ofstream(fresh) << text;
    std::filesystem::rename(fresh, path);
}

void write_record(const std::string& dir, const localnet::Network& network) {
    auto places = json::array();
    for (const auto& place : network.places()) {
        places.push_back({{"name", place.name}, {"address", place.address}, {"ready_url", place.ready_url}});
    }
    std::string settings;
    auto values = network.settings();
    // The owner's login: manual trials read every table, and start further services and databases.
    values["DATABASE_URL"] = network.dsn();
    for (const auto& [name, value] : values) {
        settings += fmt::format("{}={}\n", name, value);
    }
    write_file(settings_file(dir), settings);
    write_file(record_file(dir), json({{"pid", ::getpid()}, {"places", places}}).dump(2) + "\n");
}

// The background process: starts the network, reports the result to the waiting parent, runs until SIGTERM.
[[noreturn]] void serve(const localnet::NetworkConfig& config, int report) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    // Blocked before any thread starts: all threads inherit the mask, and only sigwait receives the signal.
    pthread_sigmask(SIG_BLOCK, &ends, nullptr);
    int status = 0;
    const auto tell = [&](const std::string& line) {
        const std::string text = line + "\n";
        [[maybe_unused]] const auto written = ::write(report, text.data(), text.size());
    };
    try {
        localnet::Network network(config, tell);
        network.start_all(tell);
        write_record(config.dir, network);
        tell("ready");
        ::close(report);
        int signal = 0;
        sigwait(&ends, &signal);
    } catch (const std::exception& error) {
        tell(std::string("failed: ") + error.what());
        status = 1;
    }
    std::filesystem::remove(record_file(config.dir));
    std::filesystem::remove(settings_file(config.dir));
    std::exit(status);
}

int print_status(const std::string& dir) {
    const auto record = read_record(dir);
    if (!alive(record)) {
        fmt::print("no network runs in {}; `make up` or `lamda-devnet up` starts one\n", dir);
        return 1;
    }
    net::HttpClient http;
    std::vector<std::string> missing;
    terminal::Table table(
        {{"PART"}, {"STATE", terminal::Kind::kText, 0, 0, terminal::state_tone}, {"ADDRESS"}});
    for (const auto& place : record.at("places")) {
        const auto name = place.at("name").get<std::string>();
        std::string state = reachable(place.at("address").get<std::string>()) ? "up" : "down";
        const auto ready_url = place.at("ready_url").get<std::string>();
        if (!ready_url.empty()) {
            net::HttpRequest request;
            request.url = ready_url;
            request.timeout = Millis(2'000);
            try {
                state = http.send(request).status == 200 ? "ready" : "not ready";
            } catch (const net::TransportError&) {
                state = "down";
            }
        }
        if (state != "ready" && state != "up") {
            missing.push_back(fmt::format("{} is {}", name, state));
        }
        table.row({name, state, place.at("address").get<std::string>()});
    }
    fmt::print("{}", table.text(terminal::screen_of(STDOUT_FILENO)));
    fmt::print("\nset -a; . {}; set +a   # settings for build/bin/lamda\n", settings_file(dir));
    if (!missing.empty()) {
        fmt::print("\nNot ready: {}. See {}/logs\n", shown_text(fmt::format("{}", fmt::join(missing, ", "))),
                   dir);
    }
    return missing.empty() ? 0 : 1;
}

}  // namespace

std::string network_folder(const std::string& given) {
    const auto path = std::filesystem::absolute(given).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).string();
}

bool runs(const std::string& dir) {
    return alive(read_record(dir));
}

int up(const localnet::NetworkConfig& config) {
    if (runs(config.dir)) {
        fmt::print("the network is already running\n\n");
        return print_status(config.dir);
    }
    int pipe_ends[2];
    if (::pipe(pipe_ends) != 0) {
        throw std::runtime_error("pipe: " + std::string(std::strerror(errno)));
    }
    std::filesystem::create_directories(std::filesystem::path(config.dir).parent_path());
    const pid_t child = ::fork();
    if (child < 0) {
        throw std::runtime_error("fork: " + std::string(std::strerror(errno)));
    }
    if (child == 0) {
        ::close(pipe_ends[0]);
        ::setsid();
        const int log = ::open((config.dir + ".log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
        const int null = ::open("/dev/null", O_RDONLY);
        ::dup2(null, STDIN_FILENO);
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
        serve(config, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    FILE* lines = ::fdopen(pipe_ends[0], "r");
    char line[4096];
    bool ready = false;
    while (!ready && std::fgets(line, sizeof line, lines) != nullptr) {
        ready = std::string_view(line) == "ready\n";
        fmt::print("  {}", telemetry::shown_lines(line));
        std::fflush(stdout);
    }
    std::fclose(lines);
    if (!ready) {
        int status = 0;
        ::waitpid(child, &status, 0);
        return 1;
    }
    fmt::print("\n");
    return print_status(config.dir);
}

int down(const std::string& dir) {
    const auto record = read_record(dir);
    if (!alive(record)) {
        fmt::print("no network runs in {}: nothing to stop\n", dir);
        return 0;
    }
    const pid_t pid = record.at("pid").get<pid_t>();
    ::kill(pid, SIGTERM);
    const bool gone = testkit::wait_until([&] { return ::kill(pid, 0) != 0; }, Millis(30'000));
    fmt::print("{}\n", gone ? "stopped" : "the network did not stop within 30 s; see " + dir + ".log");
    return gone ? 0 : 1;
}

int status(const std::string& dir) {
    return print_status(dir);
}

}  // namespace lamda::devnet
