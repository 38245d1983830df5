#include <filesystem>

#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

struct NatsServer::Impl {
    std::string dir;
    std::string log;
    int port = free_port();
    std::optional<Process> process;
};

NatsServer::NatsServer(const std::string& dir) : impl_(std::make_unique<Impl>()) {
    impl_->dir = fs::absolute(dir);
    impl_->log = impl_->dir + "/nats.log";
    fs::create_directories(impl_->dir);
    start();
}

NatsServer::~NatsServer() {
    try {
        stop();
    } catch (const std::exception&) {  // the process object kills what is left
    }
}

std::string NatsServer::url() const {
    return "nats://127.0.0.1:" + std::to_string(impl_->port);
}

void NatsServer::stop() {
    if (impl_->process) {
        impl_->process->stop(Millis(10'000));
    }
}

void NatsServer::kill() {
    if (impl_->process) {
        impl_->process->kill();
    }
}

void NatsServer::start() {
    if (impl_->process && impl_->process->running()) {
        return;
    }
    ProcessSpec spec;
    spec.argv = {"nats-server", "-a",  "127.0.0.1", "-p", std::to_string(impl_->port),
                 "-js",         "-sd", impl_->dir};
    spec.cwd = impl_->dir;
    spec.log_file = impl_->log;
    impl_->process.emplace(std::move(spec));
    // It listens only after JetStream has recovered its streams.
    wait_ready("nats-server", *impl_->process, impl_->log,
               [this] { return accepts_connections(impl_->port); });
}

}  // namespace lamda::testkit
