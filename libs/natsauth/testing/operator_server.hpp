// A real nats-server with the configuration of `lamda nats init`, on a free port. For tests only.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "bus/bus.hpp"
#include "natsauth/deployment.hpp"
#include "testkit/patience.hpp"
#include "testkit/server_process.hpp"

namespace lamda::natsauth::testing {

inline bus::Login login_of(const Credentials& credentials) {
    const auto shared = std::make_shared<const Credentials>(credentials);
    return {decode(shared->jwt)->name, [shared] { return shared->jwt; },
            [shared](const std::string& nonce) {
                const auto signature = shared->key.sign(as_bytes(nonce));
                return std::vector<std::uint8_t>(signature.begin(), signature.end());
            }};
}

class OperatorServer {
  public:
    explicit OperatorServer(const std::string& parent)
        : dir_(std::filesystem::absolute(parent) / "nats"), deployment(make_deployment(SystemClock().now())) {
        std::filesystem::create_directories(dir_);
        write(all_files(deployment, SystemClock().now()));
        start();
    }
    ~OperatorServer() { stop(); }
    OperatorServer(const OperatorServer&) = delete;

    std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
    int port() const { return port_; }
    const std::filesystem::path& dir() const { return dir_; }
    void stop() {
        if (process_) {
            process_->stop(Millis(60'000));
        }
    }
    void start() {
        testkit::ProcessSpec spec;
        spec.argv = {"nats-server", "-c", (dir_ / "nats.conf").string()};
        spec.cwd = dir_.string();
        spec.log_file = (dir_ / "nats.log").string();
        process_.emplace(std::move(spec));
        testkit::wait_ready("nats-server", *process_, (dir_ / "nats.log").string(),
                            [this] { return testkit::accepts_connections(port_); });
    }
    /// Writes files of the deployment, nats.conf with this server's port and folders.
    void write(const std::vector<File>& files) {
        for (const auto& file : files) {
            auto text = file.content;
            if (file.name == "nats.conf") {
                replace(text, "listen: 127.0.0.1:4222", "listen: 127.0.0.1:" + std::to_string(port_));
                replace(text, "/var/lib/nats/", (dir_ / "var/").string());
            }
            std::ofstream(dir_ / file.name) << text;
        }
    }
    std::string read(const std::string& name) const {
        std::ostringstream out;
        out << std::ifstream(dir_ / name).rdbuf();
        return out.str();
    }
    Credentials credentials(const std::string& role) const {
        return *parse_credentials(read(role + ".creds"));
    }
    /// Not necessarily connected.
    std::unique_ptr<bus::Bus> open(const Credentials& credentials) const {
        return std::make_unique<bus::Bus>(url(), "test", telemetry::Log::none(), login_of(credentials));
    }
    std::unique_ptr<bus::Bus> connect(const Credentials& credentials) const {
        auto out = open(credentials);
        REQUIRE(testkit::wait_until([&] { return out->connected(); }));
        return out;
    }

  private:
    static void replace(std::string& text, const std::string& from, const std::string& to) {
        REQUIRE(text.find(from) != std::string::npos);
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
            text.replace(at, from.size(), to);
        }
    }

    std::filesystem::path dir_;
    int port_ = testkit::free_port();
    std::optional<testkit::Process> process_;

  public:
    Deployment deployment;
};

}  // namespace lamda::natsauth::testing
