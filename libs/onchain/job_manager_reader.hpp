// The truth about jobs and providers, read from the two chains and nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "eth/rpc.hpp"

namespace lamda::onchain {

/// A log's place and its block's time.
struct Occurrence {
    TxHash tx;
    BlockRef block;
    Timestamp at;  ///< of the block, whole seconds
};

/// A job as JobManager's storage and logs tell it.
struct JobView {
    JobId id;
    Address renter;
    Address provider;
    U256 payment;  ///< wei
    std::optional<Occurrence> created;
    std::optional<Occurrence> confirmed;
    std::optional<Occurrence> paid;
    /// `created`, `confirmed`, `paid`
    std::string_view state() const;
};

struct ProviderView {
    Address address;
    bool registered = false;
    std::string gpu_model;
    U256 vram;
    Timestamp last_seen;
    U256 jobs;  ///< successfulJobsCount
};

/// One JobCountIncremented, with the job that its transaction's calldata names.
struct IncrementView {
    Address provider;
    U256 new_count;
    std::optional<JobId> job;  ///< absent: another system's increment
    Occurrence occurrence;
};

/// Reads one JobManager. Logs are looked for from the block of the job's creation on, which getJobInfo's
/// createdAt gives by bisection over block times. @throws as eth::Rpc does; std::runtime_error when there is
/// no contract
class JobManagerReader {
  public:
    JobManagerReader(eth::Rpc& bsc, Address job_manager);
    /// nullopt: no such job.
    std::optional<JobView> job(const JobId& id);
    /// All jobs created in from … head, oldest first.
    std::vector<JobView> jobs(BlockNum from);

  private:
    eth::Rpc& bsc_;
    Address job_manager_;
};

class ReputationView {
  public:
    ReputationView(eth::Rpc& opbnb, Address node_reputation);
    ProviderView provider(const Address& address);
    std::vector<Address> providers(BlockNum from);
    std::vector<IncrementView> increments(BlockNum from);

  private:
    eth::Rpc& opbnb_;
    Address node_reputation_;
};

/// The first block whose time is at or after `at`; the head when there is none.
BlockNum block_at(eth::Rpc& rpc, Timestamp at);

}  // namespace lamda::onchain
