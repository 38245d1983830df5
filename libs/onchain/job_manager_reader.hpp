// Readers of jobs and providers from the two contracts only, without Lamda's database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "eth/rpc.hpp"

namespace lamda::onchain {

/// Position of a log and time of its block.
struct Occurrence {
    TxHash tx;
    BlockRef block;
    Timestamp at;  ///< time of the block, whole seconds
};

/// A job from JobManager's storage and logs.
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

/// A JobCountIncremented event, with the job named in its transaction's calldata.
struct IncrementView {
    Address provider;
    U256 new_count;
    std::optional<JobId> job;  ///< absent: an increment by another system
    Occurrence occurrence;
};

/// Reads one JobManager. Logs are read from the block of the job's creation on, which is found by bisection
/// of block times with createdAt of getJobInfo. @throws as eth::Rpc does; std::runtime_error if the address
/// has no contract
class JobManagerReader {
  public:
    JobManagerReader(eth::Rpc& bsc, Address job_manager);
    /// nullopt: the job does not exist.
    std::optional<JobView> job(const JobId& id);
    /// All jobs created in the blocks from … head, oldest first.
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

/// The first block whose time is at or after `at`; the head if there is none.
BlockNum block_at(eth::Rpc& rpc, Timestamp at);

}  // namespace lamda::onchain
