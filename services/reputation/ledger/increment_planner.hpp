// What is owed to the chain, and whether anything may be sent yet.
//
// The chain itself says which jobs it has counted (the job id in each increment's calldata). Nothing is sent
// until all of that is known, so that a lost or restored database counts no job twice.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eth/rpc_client.hpp"
#include "store/database.hpp"
#include "txsender/sender.hpp"

namespace lamda::reputation {

struct DutyConfig {
    Address wallet;
    ChainId opbnb;
    Address node_reputation;
    std::string increments_stream;  ///< its cursor says how far the chain's own account is known
    bool from_block_set = false;
};

class IncrementPlanner {
  public:
    IncrementPlanner(DutyConfig config, store::Database& database, eth::Rpc& opbnb);

    /// Looks up the job of every new increment; closes intents of jobs that the chain has counted. How many
    /// it closed.
    std::size_t look_up_increments();
    /// All that the chain has counted was known once, and was not forgotten since (`lamda reputation
    /// rebuild`).
    bool agrees();
    /// Why nothing may be sent; empty: all that the endpoints show is known. Both streams must be caught up.
    std::string waiting_for() { return compare(false); }
    /// The same; if empty, agrees() from now on. Only when a CountProof misses nothing.
    std::string conclude() { return compare(true); }
    /// Makes an intent of each confirmation that is proven, and neither counted nor on its way. How many are
    /// new.
    std::size_t add_intents();
    /// For txsender::Sender.
    std::vector<std::optional<txsender::Objection>> precheck(const std::vector<txsender::Intent>& intents);

  private:
    struct Uncounted;
    std::string compare(bool note);
    std::vector<Uncounted> not_looked_up();
    std::vector<std::optional<eth::TransactionInfo>> transactions_of(const std::vector<Uncounted>& open);
    std::optional<BlockNum> increments_cursor(store::Txn& txn);
    /// Reasons against those of these jobs that the chain has counted, or may have.
    void counted_already(const std::map<JobId, std::size_t>& places,
                         std::vector<std::optional<txsender::Objection>>& objections);
    void unregistered(std::map<Address, std::optional<txsender::Objection>>& providers);

    DutyConfig config_;
    store::Database& database_;
    eth::Rpc& opbnb_;
    std::string lookup_failure_;  ///< why no node tells of a transaction, at the last look-up
};

}  // namespace lamda::reputation
