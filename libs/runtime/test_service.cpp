// Service for app_test: its loops behave as TEST_LOOP selects.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "runtime/app.hpp"

using namespace lamda;
using namespace lamda::runtime;

namespace {

struct Config {
    std::string behaviour;
    Secret key;
    std::uint64_t port = 0;
    Address contract;
};

Config read(Settings& settings) {
    Config out;
    out.behaviour = settings.text("TEST_LOOP", "behaviour of the loop", "good");
    out.key = settings.secret("TEST_PRIVATE_KEY", "signs nothing");
    out.port = settings.number("TEST_PORT", "a number", 8080, 1, 65'535);
    out.contract = settings.address("TEST_CONTRACT_ADDRESS", "a contract");
    if (!out.key.empty() && out.key.reveal().size() != 8) {
        settings.mistake("TEST_PRIVATE_KEY", "must have 8 characters");
    }
    return out;
}

int first_character(const Config& config, bool json) {
    std::printf(json ? "\"%c\"\n" : "%c\n", config.key.reveal().at(0));
    return 0;
}

int serve(App& app, const Config& config) {
    std::atomic<int> runs{0};
    std::atomic<int> probes{0};
    app.first("step", [&](const std::stop_token&) {
        if (config.behaviour == "step" && ++runs < 3) {
            throw std::runtime_error("not yet");
        }
    });
    app.probe("dependency", [&] {
        if (config.behaviour == "probe" && ++probes < 3) {
            throw std::runtime_error("waiting for the dependency");
        }
    });
    app.loop("worker", [&](const std::stop_token& stop) {
        if (config.behaviour == "fail" && ++runs < 4) {
            throw std::runtime_error("broken pipe");
        }
        if (config.behaviour == "fail_for_long" && ++runs < 5) {
            throw std::runtime_error("permission denied");
        }
        if (config.behaviour == "contradict") {
            throw ConfigError("TEST_CONTRACT_ADDRESS: no contract there");
        }
        app.log().info("worker runs");
        while (config.behaviour == "hang" || !stop.stop_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    });
    app.at_stop([&] { app.log().info("closed"); });
    return app.run();
}

}  // namespace

int main(int argc, char** argv) {
    return service_main<Config>(argc, argv, "test-service", "Runs the behaviour of TEST_LOOP.", read, serve,
                                {{"--first", "Shows the first character", &first_character},
                                 {"--fail", "Fails", [](const Config&, bool) { return 1; }}});
}
