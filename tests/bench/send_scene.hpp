// Increments to send: a fresh EVM node with NodeReputation on it, the bare way to send them, and ours.
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

/// A node with a registered provider, whose count the wallet may raise. It mines nothing by itself: what it
/// takes for its blocks would be the most of what is measured.
class SendNode {
  public:
    explicit SendNode(const std::string& dir);

    std::string url() const { return anvil_.url(); }
    rpcpool::MultiRpc& rpc() { return *rpc_; }
    const crypto::Signer& wallet() const { return *wallet_; }
    const Address& contract() const { return contract_; }
    static JobId job(std::size_t n);
    /// What raises the count for the n-th job.
    Bytes calldata(std::size_t n) const;
    /// The wallet's transactions that the node has, mined or not.
    std::uint64_t accepted();
    /// How often the count was raised, by the contract.
    std::uint64_t count();
    void mine(int blocks);

  private:
    SystemClock clock_;
    testkit::Anvil anvil_;
    std::unique_ptr<crypto::LocalSigner> wallet_;
    std::unique_ptr<rpcpool::MultiRpc> rpc_;
    Address contract_;
};

/// Seconds for so many transactions, signed before, in JSON-RPC batches over one connection that is kept.
double send_bare(SendNode& node, std::size_t count, std::size_t in_batch);

struct Sent {
    double accepted = 0;  ///< seconds until the node has the last one
    double done = 0;      ///< and until the ledger knows each to be final
};
/// The same by txsender::Sender, from intents that wait in the ledger; all may be unmined at once. @throws
/// std::runtime_error when the contract counts another number
Sent send_by_ledger(SendNode& node, const std::string& dsn, std::size_t count);

}  // namespace lamda::bench
