// Frame of a service's main: arguments, configuration, signals, service notification, /metrics /livez
// /readyz, loops.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "runtime/core_dumps.hpp"
#include "runtime/exit_status.hpp"
#include "runtime/settings.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::runtime {

/// The chain or another peer contradicts the configuration: exit 78 with this message on stderr.
class ConfigError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// METRICS_PORT, BIND_ADDRESS, LOG_LEVEL, LOG_FORMAT, ENVIRONMENT.
struct CommonConfig {
    int metrics_port = 0;
    std::string bind_address;
    telemetry::Level log_level = telemetry::Level::kInfo;
    telemetry::Format log_format = telemetry::Format::kJson;
    bool migrate_on_start = true;
    std::string environment;
};

/// A running process: its log, metrics, health, and loops.
class App {
  public:
    App(std::string service, CommonConfig config);
    ~App();
    telemetry::Log& log();
    telemetry::Metrics& metrics();
    telemetry::Health& health();
    const CommonConfig& config() const;
    std::stop_token stop_token() const;

    /// Adds a step that must succeed before the loops start (a schema, say). Steps run in order, while the
    /// endpoint already answers. An exception is logged, and the step retried after a growing pause.
    /// Afterwards the check `name` is ok.
    void first(const std::string& name, std::function<void(const std::stop_token&)> step);
    /// Adds a named loop on a thread of its own. It must return when stopped. A ConfigError (or
    /// ConfigContradiction converted by the caller) ends the process with 78; any other exception is
    /// logged and the loop restarted after a growing pause (200 ms … 5 s).
    void loop(const std::string& name, std::function<void(const std::stop_token&)> body);
    /// Adds a check polled for /readyz, every second while all pass and sooner after a first failure (20 ms,
    /// growing to a second). An exception means not ok, with its text as detail.
    void probe(const std::string& name, std::function<void()> check);
    /// Adds an action at the end, after the loops have returned (close servers, connections).
    void at_stop(std::function<void()> action);
    /// Serves the endpoint, notifies systemd (READY when ready, WATCHDOG, STOPPING), waits for SIGTERM or
    /// SIGINT, stops the loops; returns the exit status. Ends within 5 s of the signal.
    int run();
    void request_stop(int exit_status);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Sleeps; false if stopped meanwhile.
bool pause(const std::stop_token& stop, Millis time);

/// Runs once in place of the service, with its settings, if its option is given. It returns the exit status.
template <class Config>
struct Action {
    std::string option;  ///< such as "--check"
    std::string help;
    int (*run)(const Config&, bool json);  ///< `json`: the option --json was given as well
};

/// The complete main of a service. Handles --help, --version and --check-config; prints every mistake on
/// stderr, one line each, `NAME: what is wrong`, and returns 78.
/// @param read  fills the service's configuration from Settings
/// @param serve builds adapters and loops and returns app.run()
template <class Config>
int service_main(int argc, char** argv, const std::string& service, const std::string& summary,
                 Config (*read)(Settings&), int (*serve)(App&, const Config&),
                 const std::vector<Action<Config>>& actions = {});

/// The parts of service_main that do not depend on Config.
struct Arguments {
    bool check_config = false;
    std::vector<std::string> env_files;
    std::optional<int> exit_now;        ///< --help, --version or a wrong argument
    std::optional<std::size_t> action;  ///< index of the action whose option is given
    bool json = false;
};
struct ActionOption {
    std::string option;
    std::string help;
};
Arguments parse_arguments(int argc, char** argv, const std::string& service, const std::string& summary,
                          const std::function<std::vector<Settings::Asked>()>& settings,
                          const std::vector<ActionOption>& actions = {});
/// Reads the files in order; the last one that sets a name counts. Absent: one is unreadable or malformed,
/// and the error was printed on stderr.
std::optional<EnvFile> read_env_files(const std::string& service, const std::vector<std::string>& paths);
CommonConfig read_common(Settings& settings);
int report_mistakes(const std::string& service, const Settings& settings);  ///< 0, or 78 after printing
int run_guarded(const std::string& service, const std::function<int()>& body);

template <class Config>
int service_main(int argc, char** argv, const std::string& service, const std::string& summary,
                 Config (*read)(Settings&), int (*serve)(App&, const Config&),
                 const std::vector<Action<Config>>& actions) {
    std::vector<ActionOption> options;
    for (const auto& action : actions) {
        options.push_back({action.option, action.help});
    }
    const auto settings_read = [&] {
        Settings none([](const std::string&) { return std::nullopt; });
        (void)read_common(none);
        (void)read(none);
        return none.asked();
    };
    const auto arguments = parse_arguments(argc, argv, service, summary, settings_read, options);
    if (arguments.exit_now) {
        return *arguments.exit_now;
    }
    forbid_core_dumps();
    auto file = read_env_files(service, arguments.env_files);
    if (!file) {
        return kExitConfig;
    }
    const auto names = names_set(*file);
    // Moved: a copy in this function would keep every secret of the file in memory.
    Settings settings = Settings::from_environment(*std::move(file));
    const CommonConfig common = read_common(settings);
    const Config config = read(settings);
    settings.finish(names);
    if (const int status = report_mistakes(service, settings); status != 0 || arguments.check_config) {
        return status;
    }
    return run_guarded(service, [&] {
        if (arguments.action) {
            return actions[*arguments.action].run(config, arguments.json);
        }
        App app(service, common);
        return serve(app, config);
    });
}

}  // namespace lamda::runtime
