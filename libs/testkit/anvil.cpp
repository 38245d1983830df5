// Anvil: an EVM node as a child process.
#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

/// Path of the binary itself: npm's wrapper would leave it running after SIGKILL.
std::string anvil_binary() {
#if defined(__aarch64__)
    const std::string package = "@foundry-rs/anvil-linux-arm64";
#else
    const std::string package = "@foundry-rs/anvil-linux-amd64";
#endif
    const std::string path = source_dir() + "/node_modules/" + package + "/bin/anvil";
    if (!fs::exists(path)) {
        throw std::runtime_error("no EVM node at " + path + ": run `npm ci` in " + source_dir());
    }
    return path;
}

}  // namespace

struct Anvil::Impl {
    std::string dir;
    std::string log;
    AnvilConfig config;
    int port = free_port();
    std::optional<Process> process;
};

Anvil::Anvil(const std::string& dir, AnvilConfig config) : impl_(std::make_unique<Impl>()) {
    impl_->dir = fs::absolute(dir);
    impl_->log = impl_->dir + "/anvil.log";
    impl_->config = std::move(config);
    fs::create_directories(impl_->dir);
    start();
}

Anvil::~Anvil() {
    if (impl_->process) {
        impl_->process->kill();  // its state is not needed
    }
}

std::string Anvil::url() const {
    return fmt::format("http://127.0.0.1:{}", impl_->port);
}

void Anvil::stop() {
    if (impl_->process) {
        // Writes its state on SIGTERM.
        impl_->process->stop(Millis(120'000));
    }
}

void Anvil::kill() {
    if (impl_->process) {
        impl_->process->kill();
    }
}

void Anvil::start() {
    if (impl_->process && impl_->process->running()) {
        return;
    }
    ProcessSpec spec;
    spec.argv = {anvil_binary(),
                 "--host",
                 "127.0.0.1",
                 "--port",
                 std::to_string(impl_->port),
                 "--chain-id",
                 std::to_string(impl_->config.chain_id.value),
                 "--slots-in-an-epoch",
                 std::to_string(impl_->config.slots_in_an_epoch),
                 "--state",
                 impl_->dir + "/state.json"};
    if (impl_->config.block_time > 0) {
        spec.argv.insert(spec.argv.end(), {"--block-time", fmt::format("{}", impl_->config.block_time)});
    }
    if (impl_->config.genesis_time) {
        spec.argv.insert(spec.argv.end(), {"--timestamp", std::to_string(*impl_->config.genesis_time)});
    }
    if (!impl_->config.hardfork.empty()) {
        spec.argv.insert(spec.argv.end(), {"--hardfork", impl_->config.hardfork});
    }
    if (impl_->config.old_states) {
        spec.argv.insert(spec.argv.end(),
                         {"--max-persisted-states", std::to_string(*impl_->config.old_states)});
    }
    spec.cwd = impl_->dir;  // and HOME: it keeps files there
    spec.log_file = impl_->log;
    impl_->process.emplace(std::move(spec));
    wait_ready("anvil", *impl_->process, impl_->log, [this] { return accepts_connections(impl_->port); });
}

std::string Anvil::call(const std::string& method, const std::string& params_json) {
    const auto answer = plain_http(
        "POST", impl_->port, "", "/", "application/json",
        fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params_json));
    // {"jsonrpc":"2.0","id":1,"result":…}: returns the text after the key, up to the closing brace
    constexpr std::string_view kKey = "\"result\":";
    const auto key = answer.body.find(kKey);
    const auto end = answer.body.rfind('}');
    if (answer.status != 200 || key == std::string::npos || end == std::string::npos ||
        answer.body.find("\"error\":") < key) {
        throw std::runtime_error(method + ": " + answer.body);
    }
    const auto begin = key + kKey.size();
    return answer.body.substr(begin, end - begin);
}

}  // namespace lamda::testkit
