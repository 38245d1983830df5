// An EVM node in this process: a scripted chain behind two real HTTP addresses, mined by a thread of its own,
// in weather that a seed makes.
#pragma once

#include <mutex>
#include <thread>

#include "net/testing/loopback_server.hpp"
#include "simulator/endpoint.hpp"

namespace lamda::chaos {

/// What else happens to the chain between two blocks, and to what is asked of it.
struct Weather {
    double reorg = 0;  ///< share of blocks before which up to 5 blocks go
    double dropped =
        0;  ///< of those: the transactions are forgotten; also share of blocks with an emptied pool
    double foreign = 0;      ///< share of blocks with a transaction of the wallet that somebody else sent
    double dear = 0;         ///< share of blocks after which the base fee is another one
    double lost_answer = 0;  ///< share of sent transactions that arrive while the answer does not
    double error_rate =
        0;  ///< share of calls that are refused, cut, garbled, slow, or answered by a node that lags
};

class EvmNode {
  public:
    EvmNode(std::uint64_t seed, Address wallet, Millis block_time);
    ~EvmNode();

    /// Both addresses, as RPC settings want them.
    std::vector<std::string> urls() const;
    void set_weather(const Weather& weather);
    /// Whether blocks come by themselves.
    void set_mining(bool on);
    /// The chain, while nothing else happens to it.
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
    Weather weather_;
    bool mining_ = true;
    simulator::Endpoint first_;
    simulator::Endpoint second_;
    net::testing::LoopbackServer first_server_;
    net::testing::LoopbackServer second_server_;
    std::jthread miner_;
};

}  // namespace lamda::chaos
