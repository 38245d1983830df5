// A renter at work: specs to the gateway, payments to BSC, and a wallet that sends again what a reorg
// dropped.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "localnet/network.hpp"

namespace lamda::localnet {

struct OrderedJob {
    JobId id;
    Address provider;
    std::string input;            ///< what the container is given
    std::string expected_output;  ///< what /output/result must hold
    Bytes raw_tx;
    TxHash tx;
};

class Market {
  public:
    explicit Market(Network& network);
    /// Stores an input, registers a spec with the gateway, pays. @throws std::runtime_error
    OrderedJob order(std::size_t index);
    /// The same without the gateway, which refuses unknown providers: the spec lies in the content store, and
    /// the contract is called.
    OrderedJob order_without_gateway(std::size_t index);
    /// Sends again every payment that the chain does not hold (any more).
    void resend_missing(const std::vector<OrderedJob>& jobs);
    /// The file `result` below an output directory.
    std::string result_of(const std::string& output_cid);

  private:
    std::string store_input(const std::string& content);
    /// Input and expected output of the job, without its id.
    OrderedJob describe(std::size_t index) const;
    /// What the renter asks for; a JSON object.
    std::string spec_of(const OrderedJob& job);
    /// Sends the payment and notes its transaction.
    void pay(OrderedJob& job);
    /// The gateway refuses jobs for nodes that the registry has not recorded yet.
    void wait_listed(const Address& provider);
    Network& network_;
    std::uint64_t next_nonce_;
    std::set<Address> listed_;
};

}  // namespace lamda::localnet
