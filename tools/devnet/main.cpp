// lamda-devnet: parses the arguments and runs demo, up, down or status.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "runtime/exit_status.hpp"
#include "runtime/settings.hpp"
#include "telemetry/shown_text.hpp"
#include "tools/devnet/daemon.hpp"
#include "tools/devnet/demo.hpp"

namespace {

/// One job for each fault, and two before.
constexpr std::size_t kJobsForAllFaults = 12;

CLI::App* add_demo(CLI::App& app, lamda::devnet::DemoOptions& demo) {
    auto* demo_verb = app.add_subcommand("demo", "Run jobs to their end, show the result, and stop");
    demo_verb->add_option("--jobs", demo.jobs, "number")->check(CLI::Range(1, 500))->capture_default_str();
    demo_verb
        ->add_option(
            "--kill", demo.kill,
            "after the first job is assigned: SIGKILL this service, postgres or nats, and start it again; "
            "stream: delete JOBS; store: fill JOBS until the server refuses, then free it; "
            "all: each in turn, with 12 jobs")
        ->check(CLI::IsMember({"stream", "store", "nats", "postgres", "node-registry", "job-dispatcher",
                               "reputation", "api-gateway", "node-agent-1", "node-agent-2", "all"}));
    demo_verb->add_option("--reorg", demo.reorg, "depth in blocks of a reorg of BSC while jobs are created")
        ->check(CLI::Range(1, 30));
    return demo_verb;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace lamda::devnet;
    // `sudo -E` passes the user's environment on: remove its secrets.
    lamda::runtime::take_secrets({}, {});
    CLI::App app(
        "lamda-devnet: two chains, database, bus, container engine, content store, services and node agents");
    app.require_subcommand(1);
    std::string dir = network_folder(".lamda/devnet");
    app.add_option("--dir", dir, "working folder; emptied at the start")
        ->capture_default_str()
        ->check([](const std::string& path) {
            return path.empty() ? std::string("the folder has no name; use a path") : std::string();
        });

    DemoOptions demo;
    auto* demo_verb = add_demo(app, demo);
    lamda::localnet::NetworkConfig config;
    auto* up_verb = app.add_subcommand("up", "Start the network and leave it running");
    up_verb->add_option("--api-port", config.api_port, "port of the gateway; 0: any free port")
        ->check(CLI::Range(0, 65535));
    up_verb
        ->add_option("--opbnb-slots", config.opbnb_slots,
                     "opBNB finalizes 2 × this number of blocks behind (75: like the real chain)")
        ->check(CLI::Range(1, 500));
    app.add_subcommand("down", "Stop the network");
    app.add_subcommand("status", "Show the parts, their state and addresses");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wanted) {
        return app.exit(wanted) == 0 ? 0 : lamda::runtime::kExitUsage;
    }
    const std::string executables = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    try {
        dir = network_folder(dir);
        if (demo_verb->parsed()) {
            // The demo stops its own network only: it never takes the folder of a running one.
            if (runs(dir)) {
                fmt::print(
                    stderr,
                    "lamda-devnet: a network runs in {}; stop it with `lamda-devnet down`, or use another "
                    "folder: --dir {}-demo\n",
                    dir, dir);
                return 1;
            }
            demo.dir = dir;
            if (demo.kill == "all" && demo_verb->count("--jobs") == 0) {
                demo.jobs = kJobsForAllFaults;
            }
            demo.executables = executables;
            return run_demo(demo);
        }
        if (up_verb->parsed()) {
            config.dir = dir;
            config.executables = executables;
            return up(config);
        }
        return app.got_subcommand("down") ? down(dir) : status(dir);
    } catch (const std::exception& error) {
        fmt::print(stderr, "lamda-devnet: {}\n", lamda::telemetry::shown_lines(error.what()));
        return 1;
    }
}
