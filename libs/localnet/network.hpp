// The local network: two chains, database, bus, container engine, content store, four services, two node
// agents, both contracts. All are real servers, private, and stopped by the destructor.
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

namespace lamda::localnet {

struct NetworkConfig {
    std::string dir;          ///< emptied at the start
    std::string executables;  ///< folder of lamda-*
    std::string dispatch_finality = "finalized";
    /// finalized = head − 2 × this; 1 is quick, 75 on opBNB is as slow as the real chain.
    unsigned bsc_slots = 1;
    unsigned opbnb_slots = 1;
    int api_port = 0;  ///< 0: any free one
    /// Creation code to deploy instead of the own contracts (JobManager, NodeReputation).
    std::optional<std::pair<Bytes, Bytes>> foreign_contracts;
    /// Added to the environment of every service.
    std::map<std::string, std::string> more_env;
};

/// Name, address and readiness URL of a program.
struct Place {
    std::string name;
    std::string address;
    std::string ready_url;  ///< empty: ready when started
};

class Network {
  public:
    using Progress = std::function<void(const std::string& what)>;
    /// Starts the servers and deploys the contracts, without the services. @throws std::runtime_error naming
    /// the part
    Network(NetworkConfig config, const Progress& progress);
    /// Starts the four services, registers the providers, starts the agents; returns when all are ready.
    /// @throws std::runtime_error naming the part, with the last lines of its log
    void start_all(const Progress& progress);
    void register_provider(std::size_t index);
    void wait_ready(const std::string& name);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    eth::Rpc& bsc() { return *bsc_rpc_; }
    eth::Rpc& opbnb() { return *opbnb_rpc_; }
    testkit::Anvil& bsc_node() { return *bsc_; }
    testkit::Anvil& opbnb_node() { return *opbnb_; }
    testkit::PostgresServer& postgres() { return *postgres_; }
    testkit::NatsServer& nats() { return *nats_; }
    testkit::DockerEngine& docker() { return *docker_; }
    const std::string& dsn() const { return dsn_; }  ///< as superuser
    /// Drops the database and creates one with the schema and no rows.
    void create_database();
    net::HttpClient& http() { return http_; }
    Address job_manager() const { return job_manager_; }
    Address node_reputation() const { return node_reputation_; }
    ChainId bsc_chain() const;
    std::string api_url() const;
    std::string content_url() const { return content_->url(); }
    const std::vector<Address>& providers() const { return providers_; }
    const crypto::Signer& renter() const { return *renter_; }

    /// Names for the calls below: the four services, then `node-agent-1`, `node-agent-2`. The calls also
    /// accept second instances: `node-registry-2`, `job-dispatcher-2`, `reputation-2`.
    std::vector<std::string> services() const;
    void start_service(const std::string& name, const std::map<std::string, std::string>& more_env = {});
    void kill_service(const std::string& name);  ///< SIGKILL
    int stop_service(const std::string& name);   ///< SIGTERM; the exit status
    std::string log_file(const std::string& name) const;
    pid_t pid_of(const std::string& name) const;
    bool ready(const std::string& name);
    std::string readiness(const std::string& name);  ///< answer of /readyz, for messages
    /// All parts, for output and network.json.
    std::vector<Place> places() const;
    /// Settings of the `lamda` command for this network.
    std::map<std::string, std::string> settings() const;

  private:
    struct Service {
        testkit::ProcessSpec spec;
        std::string metrics_url;
        std::unique_ptr<testkit::Process> process;
    };
    void start_servers(const Progress& progress);
    void deploy_contracts();
    std::pair<int, std::string> ask_readiness(const std::string& name);
    /// URLs and addresses of servers and contracts, for services, tools and users.
    std::map<std::string, std::string> shared_settings() const;
    void define_services();
    void define(const std::string& name, const std::string& executable,
                std::map<std::string, std::string> env);

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

}  // namespace lamda::localnet
