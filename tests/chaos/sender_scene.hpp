// A wallet's intents in a real database, a node in this process, and senders in processes of their own that
// may be stopped and killed.
#pragma once

#include <memory>

#include "chaos/evm_node.hpp"
#include "crypto/signer.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "testkit/pipeline_database.hpp"
#include "txsender/signing_policy.hpp"

namespace lamda::chaos {

/// How a sender's process ends before its work does; each may be empty.
struct Life {
    std::string crash_at = {};  ///< a crash point: SIGKILL there
    std::string stop_at = {};   ///< `before:<write>` or `after:<write>` of the ledger: SIGSTOP there
    std::string lifetime = {};  ///< `<steps>:<micros>`: SIGUSR1, which nothing handles, after as much work
};

class SenderScene {
  public:
    /// Every seed has a wallet of its own, so that one database serves many.
    SenderScene(testkit::TestDatabase& database, std::uint64_t seed, Millis block_time = Millis(8));

    EvmNode& node() { return *node_; }
    const Address& wallet() const { return wallet_; }
    static Bytes data(std::size_t n);
    /// What the key of an intent stands for.
    static Result<txsender::Call> call_of(std::string_view key);
    static std::string key(std::size_t n) { return "increment:" + std::to_string(n); }
    void want(std::size_t from, std::size_t to, txsender::OnRevert policy = txsender::OnRevert::kGiveUp);

    /// A sender. It ends with 0 when nothing is left to do.
    std::unique_ptr<testkit::Process> start(const Life& life = {}) const;
    /// One runs to the end. Its status; -1 when it does not get there.
    int finish() const;
    /// Has stopped itself, and did not end.
    static bool stopped(const testkit::Process& process);

    /// How often intent n was executed on the canonical chain.
    std::size_t executed(std::size_t n);
    /// In the database; fillers of gaps left out.
    std::size_t not_done() const;
    /// The same ones with their states and reasons, a line each.
    std::string unfinished() const;
    /// Every nonce that the ledger ever gave out is used on the canonical chain.
    bool nonces_complete() const;
    std::string log() const;

  private:
    testkit::TestDatabase& database_;
    std::unique_ptr<crypto::LocalSigner> signer_;
    std::string key_hex_;
    Address wallet_;
    std::unique_ptr<EvmNode> node_;
    testkit::TempDir dir_{"sender"};
};

}  // namespace lamda::chaos
