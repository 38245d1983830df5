// Plans increments: decides which jobs are due, and when sending may start.
//
// The chain shows which jobs it has counted (the job id in each increment's calldata). Nothing is sent until
// all of them are known, so that a lost or restored database counts no job twice.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eth/rpc_client.hpp"
#include "store/database.hpp"
#include "txsender/sender.hpp"

namespace lamda::reputation {

struct IncrementTx;

struct PlannerConfig {
    Address wallet;
    ChainId opbnb;
    Address node_reputation;
    std::string increments_stream;  ///< its cursor is the last block whose increments are known
    bool from_block_set = false;
};

class IncrementPlanner {
  public:
    IncrementPlanner(PlannerConfig config, store::Database& database, eth::Rpc& opbnb);

    /// Looks up the job of every new increment, and closes intents of jobs that the chain has counted.
    /// Returns the number of closed intents.
    std::size_t look_up_increments();
    /// True if all increments on chain were known once, and the ledger was not reset since (`lamda reputation
    /// rebuild`).
    bool agrees();
    /// Returns the reason why nothing may be sent; empty: all increments that the endpoints show are known.
    /// Both streams must have caught up.
    std::string waiting_for() { return compare(false); }
    /// Like waiting_for(); if empty, agrees() is true from now on. Requires a complete CountProof.
    std::string conclude() { return compare(true); }
    /// Makes an intent for each proven confirmation that is neither counted nor in flight. Returns the number
    /// of new intents.
    std::size_t add_intents();
    /// Returns objections to sending these intents, for txsender::Sender.
    std::vector<std::optional<txsender::Objection>> precheck(const std::vector<txsender::Intent>& intents);

  private:
    std::string compare(bool note);
    std::vector<std::optional<eth::TransactionInfo>> transactions_of(const std::vector<IncrementTx>& open);
    /// Adds objections to jobs that the chain has counted, or may have counted.
    void object_to_counted(const std::map<JobId, std::size_t>& places,
                           std::vector<std::optional<txsender::Objection>>& objections);
    void object_to_unregistered(std::map<Address, std::optional<txsender::Objection>>& providers);

    PlannerConfig config_;
    store::Database& database_;
    eth::Rpc& opbnb_;
    std::string lookup_failure_;  ///< reason why the last look-up did not find a transaction
};

}  // namespace lamda::reputation
