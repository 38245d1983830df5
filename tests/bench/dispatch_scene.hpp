// Setup of the dispatch benchmark: a database, a bus and a chain for one dispatcher, and jobs with known
// specs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bare_bus.hpp"
#include "chain_server.hpp"
#include "crypto/signer.hpp"
#include "floor.hpp"
#include "store/database.hpp"
#include "testkit/process.hpp"
#include "testkit/servers.hpp"
#include "wire/job_spec.hpp"

namespace lamda::bench {

/// A real dispatcher with its own database, bus and chain. The providers are registered, their heartbeats
/// known, so that their durables exist.
class DispatchScene {
  public:
    struct Config {
        std::string executables;  ///< folder of the lamda-job-dispatcher to measure
        std::string name;         ///< of database, folder and log
        std::string finality;     ///< DISPATCH_FINALITY
    };
    /// Returns when the dispatcher is ready. @throws std::runtime_error
    DispatchScene(testkit::PostgresServer& postgres, const std::string& dir, Config config);

    const crypto::Signer& provider() const { return *provider_; }
    const crypto::Signer& noisy_provider() const { return *noisy_; }
    static Address job_manager();
    static ChainId chain() { return ChainId{97}; }

    /// Stores the specs of so many new jobs of the provider; returns them.
    std::vector<wire::JobSpec> make_specs(const Address& provider, std::size_t count);
    /// The log of the creation of a spec's job.
    static eth::Log created(const wire::JobSpec& spec);
    /// Creates the jobs, `per_block` in a block.
    void create(const std::vector<wire::JobSpec>& specs, std::size_t per_block);

    /// Waits until the database has so many jobs, and the outbox is empty. @throws std::runtime_error
    void wait_quiet(std::size_t jobs);
    /// Milliseconds from the moment at which the header of the block with one new job is handed out to
    /// JetStream's acknowledgement of the assignment. @throws std::runtime_error
    double dispatch_one(const wire::JobSpec& spec);

    ChainServer& blocks() { return chain_; }
    AckWatch& acks() { return acks_; }
    BareBus& bus() { return bus_; }
    const std::string& bus_url() const { return nats_url_; }
    const std::string& dsn() const { return dsn_; }
    const testkit::Process& dispatcher() const { return *process_; }

  private:
    void register_providers();
    void start();

    Config config_;
    std::string dir_;
    testkit::PostgresServer& postgres_;
    testkit::NatsServer nats_;
    std::string nats_url_;
    std::string dsn_;
    store::Database database_;
    ChainServer chain_;
    std::unique_ptr<crypto::LocalSigner> provider_;
    std::unique_ptr<crypto::LocalSigner> noisy_;
    BareBus bus_;
    AckWatch acks_;
    std::unique_ptr<testkit::Process> process_;
    std::uint64_t specs_ = 0;
};

/// Rows that remain of dispatched jobs: journal, job and attempt. `jobs` is a condition on `dispatch.job`.
std::vector<TableDump> rows_of_jobs(const std::string& dsn, const std::string& jobs);

}  // namespace lamda::bench
