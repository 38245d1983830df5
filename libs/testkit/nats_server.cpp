// nats-server as a child process, with the deployed users or without any.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "testkit/server_process.hpp"
#include "testkit/servers.hpp"

namespace lamda::testkit {

namespace fs = std::filesystem;

namespace {

constexpr auto kOwner = "owner:everything";

std::string read_text(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
}

/// Writes the deployed configuration with one more user in LAMDA, who has all permissions. Returns its path.
std::string write_accounts(const std::string& dir) {
    const std::string first_users = "users: [";
    std::string text = read_text(source_dir() + "/deploy/nats/nats.conf");
    const auto at = text.find(first_users);
    if (at == std::string::npos) {
        throw std::runtime_error("deploy/nats/nats.conf has no users");
    }
    text.insert(at + first_users.size(), " { user: owner, password: everything } ");
    const std::string store = "/var/lib/nats/jetstream";
    text.replace(text.find(store), store.size(), dir);
    std::ofstream(dir + "/nats.conf") << text;
    return dir + "/nats.conf";
}

/// Returns `address:password` of the account that add-provider.sh writes.
std::string add_provider(const std::string& dir, const std::string& address) {
    ProcessSpec spec;
    spec.argv = {"sh", source_dir() + "/deploy/nats/add-provider.sh", address, "host",
                 dir + "/providers.conf"};
    spec.cwd = dir;
    const auto done = run(spec);
    const std::string begin = "NATS_URL=nats://";
    const auto end = done.output.find("@host");
    if (done.status != 0 || !done.output.starts_with(begin) || end == std::string::npos) {
        throw std::runtime_error("add-provider.sh: " + done.output);
    }
    return done.output.substr(begin.size(), end - begin.size());
}

}  // namespace

struct NatsServer::Impl {
    std::string dir;
    std::string log;
    int port = free_port();
    std::string config;                         ///< empty: no permissions are enforced
    std::map<std::string, std::string> logins;  ///< user → user:password
    std::optional<Process> process;

    std::string url(const std::string& login) const {
        return "nats://" + (login.empty() ? "" : login + "@") + "127.0.0.1:" + std::to_string(port);
    }
};

NatsServer::NatsServer(const std::string& dir) : impl_(std::make_unique<Impl>()) {
    impl_->dir = fs::absolute(dir);
    impl_->log = impl_->dir + "/nats.log";
    fs::create_directories(impl_->dir);
    start();
}

NatsServer::NatsServer(const std::string& dir, const std::vector<std::string>& providers)
    : impl_(std::make_unique<Impl>()) {
    impl_->dir = fs::absolute(dir);
    impl_->log = impl_->dir + "/nats.log";
    fs::create_directories(impl_->dir);
    impl_->config = write_accounts(impl_->dir);
    std::ofstream(impl_->dir + "/providers.conf") << "";
    for (const char* role : {"registry", "dispatcher", "gateway", "feed"}) {
        impl_->logins[role] = std::string(role) + ":password-of-" + role;
    }
    for (const auto& provider : providers) {
        impl_->logins[provider] = add_provider(impl_->dir, provider);
    }
    start();
}

NatsServer::~NatsServer() {
    try {
        stop();
    } catch (const std::exception&) {  // the destructor kills the process
    }
}

std::string NatsServer::url() const {
    return impl_->url(impl_->config.empty() ? "" : kOwner);
}

std::string NatsServer::url(const std::string& user) const {
    return impl_->url(impl_->logins.at(user));
}

void NatsServer::stop() {
    if (impl_->process) {
        impl_->process->stop(Millis(60'000));
    }
}

void NatsServer::kill() {
    if (impl_->process) {
        impl_->process->kill();
    }
}

void NatsServer::erase_store() {
    fs::remove_all(store_dir());
}

std::string NatsServer::store_dir() const {
    return impl_->dir + "/jetstream";
}

void NatsServer::start() {
    if (impl_->process && impl_->process->running()) {
        return;
    }
    ProcessSpec spec;
    spec.argv = {"nats-server", "-a", "127.0.0.1", "-p", std::to_string(impl_->port)};
    if (impl_->config.empty()) {
        spec.argv.insert(spec.argv.end(), {"-js", "-sd", impl_->dir});
    } else {
        spec.argv.insert(spec.argv.end(), {"-c", impl_->config});
        for (const char* role : {"REGISTRY", "DISPATCHER", "GATEWAY", "FEED"}) {
            std::string user = role;
            std::transform(user.begin(), user.end(), user.begin(),
                           [](char c) { return static_cast<char>(c + 32); });
            spec.env["NATS_" + std::string(role) + "_PASSWORD"] = "password-of-" + user;
        }
    }
    spec.cwd = impl_->dir;
    spec.log_file = impl_->log;
    impl_->process.emplace(std::move(spec));
    // The server listens only after JetStream has recovered its streams.
    wait_ready("nats-server", *impl_->process, impl_->log,
               [this] { return accepts_connections(impl_->port); });
}

}  // namespace lamda::testkit
