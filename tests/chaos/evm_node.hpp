// An EVM node in this process: a scripted chain behind two real HTTP servers, mined by its own thread, with
// faults from a seed.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "net/testing/loopback_server.hpp"
#include "simulator/endpoint.hpp"

namespace lamda::chaos {

/// Faults of the chain between two blocks, and of calls.
struct NodeFaults {
    double reorg = 0;  ///< share of blocks before which up to 5 blocks are removed
    double dropped =
        0;  ///< share of those whose transactions are lost; also share of blocks with an emptied pool
    double foreign = 0;          ///< share of blocks with a transaction of the wallet by another process
    double base_fee_change = 0;  ///< share of blocks after which the base fee changes
    double lost_answer = 0;      ///< share of sent transactions that arrive although the answer is lost
    double error_rate =
        0;  ///< share of calls that are refused, cut, garbled, slow, or answered by a lagging node
};

class EvmNode {
  public:
    EvmNode(std::uint64_t seed, Address wallet, Millis block_time);
    ~EvmNode();

    /// Both URLs, for RPC settings.
    std::vector<std::string> urls() const;
    void set_faults(const NodeFaults& faults);
    /// Starts or stops automatic mining.
    void set_mining(bool on);
    /// Calls answered so far, by both servers.
    std::uint64_t calls() const { return calls_; }
    /// Calls `work` with the chain, under the lock.
    template <class Work>
    auto with(Work work) {
        const std::lock_guard lock(mutex_);
        return work(chain_);
    }

  private:
    net::testing::LoopbackServer::Answer answer(simulator::Endpoint& endpoint, const std::string& body);
    void next_block();
    void run(const std::stop_token& stop);

    SystemClock clock_;
    std::mutex mutex_;
    simulator::ScriptedChain chain_;
    Address wallet_;
    Millis block_time_;
    NodeFaults faults_;
    bool mining_ = true;
    std::atomic<std::uint64_t> calls_ = 0;
    simulator::Endpoint first_;
    simulator::Endpoint second_;
    net::testing::LoopbackServer first_server_;
    net::testing::LoopbackServer second_server_;
    std::jthread miner_;
};

}  // namespace lamda::chaos
