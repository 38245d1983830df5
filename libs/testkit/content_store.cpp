// Content store of the local network as a child process.
#include <filesystem>

#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

struct ContentStore::Impl {
    std::string dir;
    std::string log;
    int port = free_port();
    std::optional<Process> process;
};

ContentStore::ContentStore(const std::string& dir) : impl_(std::make_unique<Impl>()) {
    impl_->dir = fs::absolute(dir);
    impl_->log = impl_->dir + "/content-store.log";
    fs::create_directories(impl_->dir);
    start();
}

ContentStore::~ContentStore() {
    try {
        stop();
    } catch (const std::exception&) {  // the destructor kills the process
    }
}

std::string ContentStore::url() const {
    return "http://127.0.0.1:" + std::to_string(impl_->port);
}

void ContentStore::stop() {
    if (impl_->process) {
        impl_->process->stop();
    }
}

void ContentStore::start() {
    if (impl_->process && impl_->process->running()) {
        return;
    }
    ProcessSpec spec;
    spec.argv = {"node",   source_dir() + "/tools/devnet/content-store.mjs",
                 "--dir",  impl_->dir + "/blocks",
                 "--port", std::to_string(impl_->port)};
    spec.cwd = impl_->dir;
    spec.log_file = impl_->log;
    impl_->process.emplace(std::move(spec));
    wait_ready("the content store", *impl_->process, impl_->log,
               [this] { return accepts_connections(impl_->port); });
}

}  // namespace lamda::testkit
