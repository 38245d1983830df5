// A wallet's intents in a real database, a node in this process, and senders in their own processes that may
// be stopped and killed.
#pragma once

#include <memory>

#include "chaos/evm_node.hpp"
#include "crypto/signer.hpp"
#include "pgledger/pg_tx_queue.hpp"
#include "testkit/pipeline_database.hpp"
#include "txsender/signing_policy.hpp"

namespace lamda::chaos {

/// How a sender's process ends before its work is done; each may be empty.
struct RunConfig {
    std::string crash_at = {};  ///< a crash point: SIGKILL there
    std::string stop_at = {};   ///< `before:<write>` or `after:<write>` of the ledger: SIGSTOP there
    std::string lifetime = {};  ///< `<steps>:<micros>`: SIGUSR1, which nothing handles, after as much work
};

class SenderScene {
  public:
    /// Each seed has its own wallet, so that one database serves many.
    SenderScene(testkit::TestDatabase& database, std::uint64_t seed, Millis block_time = Millis(8));

    EvmNode& node() { return *node_; }
    const Address& wallet() const { return wallet_; }
    static Bytes data(std::size_t n);
    /// The call of an intent, from its key.
    static Result<txsender::Call> call_of(std::string_view key);
    static std::string key(std::size_t n) { return "increment:" + std::to_string(n); }
    void want(std::size_t from, std::size_t to, txsender::OnRevert policy = txsender::OnRevert::kGiveUp);

    /// Starts a sender. It ends with 0 when no work is left.
    std::unique_ptr<testkit::Process> start(const RunConfig& run = {}) const;
    /// Runs a sender to its end. Returns its status; -1 if it does not end.
    int finish() const;
    /// True if the process is stopped by SIGSTOP.
    static bool stopped(const testkit::Process& process);

    /// Number of executions of intent n on the canonical chain.
    std::size_t executed(std::size_t n);
    /// Number of unfinished intents in the database, without fillers of gaps.
    std::size_t not_done() const;
    /// The unfinished intents with states and reasons, one per line.
    std::string unfinished() const;
    /// True if every allocated nonce is used on the canonical chain.
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
