// A renter: sends specs to the gateway and payments to BSC, and resends payments that a reorg dropped.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "localnet/network.hpp"

namespace lamda::localnet {

struct OrderedJob {
    JobId id;
    Address provider;
    std::string input;            ///< content given to the container
    std::string expected_output;  ///< required content of /output/result
    Bytes raw_tx;
    TxHash tx;
};

/// Work of a job, for the container's shell.
struct Work {
    std::string command = "tr a-z A-Z < /input > /output/result";
    std::uint64_t memory_mib = 64;
    std::uint64_t time_limit_seconds = 600;
};

class Market {
  public:
    explicit Market(Network& network);
    /// Stores an input, registers a spec with the gateway, pays. @throws std::runtime_error,
    /// net::TransportError
    OrderedJob order(std::size_t index, const Work& work = {});
    /// As order(), without the gateway, which refuses unknown providers: the spec is stored in the content
    /// store, and the contract is called directly.
    OrderedJob order_without_gateway(std::size_t index);
    /// Pays the provider for the job whose spec is this text, stored on IPFS as it stands: the contract and
    /// the content store accept any. Its input and output are unknown.
    OrderedJob order_text(const std::string& spec, const Address& provider);
    /// Resends every payment that is not on chain, or no longer.
    void resend_missing(const std::vector<OrderedJob>& jobs);
    /// The file `result` in an output directory.
    std::string result_of(const std::string& output_cid);

  private:
    std::string store_input(const std::string& content);
    /// Input and expected output of the job, without its id.
    OrderedJob describe(std::size_t index) const;
    /// The job's spec as a JSON object.
    std::string spec_of(const OrderedJob& job, const Work& work);
    /// Sends the payment and records its transaction.
    void pay(OrderedJob& job);
    /// Waits until the registry has recorded the node: before that the gateway refuses jobs for it.
    void wait_listed(const Address& provider);
    Network& network_;
    std::uint64_t next_nonce_;
    std::set<Address> listed_;
};

}  // namespace lamda::localnet
