// The local network: two chains, database, bus, container engine, content store, four services, two node agents, both
// contracts. Everything is real, private, and dies with this object.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "crypto/signer.hpp"
#include "eth/rpc_client.hpp"
#include "net/http_client.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"

namespace lamda::devnet {

struct NetworkConfig {
    std::string dir;                  ///< emptied at the start
    std::string executables;          ///< folder of lamda-*
    std::string dispatch_finality = "finalized";
    /// finalized = head − 2 × this; 1 is quick, 75 on opBNB is as slow as the real one.
    unsigned bsc_slots = 1;
    unsigned opbnb_slots = 1;
    int api_port = 0;                 ///< 0: any free one
};

/// What a program is called, where it answers, and whether it is ready.
struct Place {
    std::string name;
    std::string address;
    std::string ready_url;  ///< empty: it is ready when it was started
};

class Network {
  public:
    using Progress = std::function<void(const std::string& what)>;
    /// Starts everything and waits until all is ready. @throws std::runtime_error naming the part and its log
    Network(NetworkConfig config, const Progress& progress);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    eth::Rpc& bsc() { return *bsc_rpc_; }
    eth::Rpc& opbnb() { return *opbnb_rpc_; }
    testkit::Anvil& bsc_node() { return *bsc_; }
    net::HttpClient& http() { return http_; }
    Address job_manager() const { return job_manager_; }
    Address node_reputation() const { return node_reputation_; }
    ChainId bsc_chain() const;
    std::string api_url() const;
    std::string content_url() const { return content_->url(); }
    const std::vector<Address>& providers() const { return providers_; }
    const crypto::Signer& renter() const { return *renter_; }

    /// Names that kill_service and start_service take.
    std::vector<std::string> services() const;
    void kill_service(const std::string& name);  ///< SIGKILL
    void start_service(const std::string& name);
    bool ready(const std::string& name);
    /// Every part, for people and for network.json.
    std::vector<Place> places() const;
    /// Settings for the `lamda` command and for `make start…` against this network.
    std::map<std::string, std::string> settings() const;

  private:
    struct Service {
        testkit::ProcessSpec spec;
        std::string metrics_url;
        std::unique_ptr<testkit::Process> process;
    };
    void start_servers(const Progress& progress);
    void deploy_contracts();
    void register_providers();
    void add_service(const std::string& name, const std::string& executable, std::map<std::string, std::string> env);
    void wait_ready(const std::string& name);

    NetworkConfig config_;
    net::HttpClient http_;
    std::unique_ptr<testkit::PostgresServer> postgres_;
    std::unique_ptr<testkit::NatsServer> nats_;
    std::unique_ptr<testkit::Anvil> bsc_;
    std::unique_ptr<testkit::Anvil> opbnb_;
    std::unique_ptr<testkit::DockerEngine> docker_;
    std::unique_ptr<testkit::ContentStore> content_;
    std::unique_ptr<eth::Rpc> bsc_rpc_;
    std::unique_ptr<eth::Rpc> opbnb_rpc_;
    std::unique_ptr<crypto::Signer> admin_;
    std::unique_ptr<crypto::Signer> renter_;
    Address job_manager_;
    Address node_reputation_;
    BlockNum job_manager_block_;
    BlockNum node_reputation_block_;
    std::string dsn_;
    std::vector<Address> providers_;
    int api_port_ = 0;
    std::map<std::string, Service> services_;
};

}  // namespace lamda::devnet
