// Setup of the sending benchmark: a new EVM node with NodeReputation, the bare sending, and the sender.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "crypto/signer.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "rpcpool/multi_rpc.hpp"
#include "store/database.hpp"
#include "testkit/servers.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::bench {

/// A node with a registered provider whose count the wallet may raise. It does not mine by itself: mining
/// would take most of the measured time.
class SendNode {
  public:
    explicit SendNode(const std::string& dir);

    std::string url() const { return anvil_.url(); }
    rpcpool::MultiRpc& rpc() { return *rpc_; }
    const crypto::Signer& wallet() const { return *wallet_; }
    const Address& contract() const { return contract_; }
    static JobId job(std::size_t n);
    /// Calldata that raises the count for the n-th job.
    Bytes calldata(std::size_t n) const;
    /// Number of the wallet's transactions that the node has, mined or not.
    std::uint64_t accepted();
    /// Number of increments, from the contract.
    std::uint64_t count();
    void mine(int blocks);

  private:
    SystemClock clock_;
    testkit::Anvil anvil_;
    std::unique_ptr<crypto::LocalSigner> wallet_;
    std::unique_ptr<rpcpool::MultiRpc> rpc_;
    Address contract_;
};

/// Seconds to send so many pre-signed transactions in JSON-RPC batches over one persistent connection.
double send_bare(SendNode& node, std::size_t count, std::size_t in_batch);

struct Sent {
    double accepted = 0;  ///< seconds until the node has the last one
    double done = 0;      ///< seconds until the ledger has each as final
};
/// Sends with txsender::Sender, from intents that wait in the ledger; all may be unmined at once. @throws
/// std::runtime_error if the contract's count differs
Sent send_by_ledger(SendNode& node, const std::string& dsn, std::size_t count);

}  // namespace lamda::bench
