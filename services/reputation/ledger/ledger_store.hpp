// SQL of the ledger: jobs of increments, cursor of the stream, and the wallet's intents. Every function runs
// inside the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "store/database.hpp"

namespace lamda::reputation {

/// Transaction of an increment.
struct IncrementTx {
    TxHash tx;
    BlockHash block;
    std::optional<std::uint64_t> index;  ///< absent: a row of an older release
};
/// Returns transactions of increments whose job is not looked up yet, at most `most`.
std::vector<IncrementTx> read_not_looked_up(store::Txn& txn, int most);
/// True if the job of at least one increment is not looked up yet.
bool has_not_looked_up(store::Txn& txn);
/// True if at least one increment has no job id.
bool has_increment_without_job(store::Txn& txn);
/// Records that a transaction's increments are looked up. @param job absent: not of this service's form
void note_looked_up(store::Txn& txn, const TxHash& tx, const std::optional<JobId>& job);
/// Returns the subset of `jobs` that has an increment.
std::vector<JobId> read_counted(store::Txn& txn, const std::vector<JobId>& jobs);
/// Flags the job's confirmation as settled. Waits for a transaction that makes the job's intent.
void settle_confirmation(store::Txn& txn, const JobId& job);

/// Returns the stream's last block; nullopt: none yet.
std::optional<BlockNum> read_cursor(store::Txn& txn, const std::string& stream);
/// Locks the stream's cursor against deletion until the transaction ends.
void lock_cursor(store::Txn& txn, const std::string& stream);

/// Transaction that has counted a job.
struct CountedBy {
    TxHash tx;
    BlockRef block;
};
/// Sets the job's intents to done, for every wallet and in any state. Returns the number of changed intents.
std::size_t close_intents(store::Txn& txn, ChainId chain, const JobId& job, const CountedBy& counted_by);
/// Returns the subset of `keys` whose intents of this wallet have a reason for waiting.
std::vector<std::string> read_keys_with_reason(store::Txn& txn, ChainId chain, const Address& wallet,
                                               const std::vector<std::string>& keys);
/// Returns the wallet's next nonce; nullopt: none recorded yet.
std::optional<std::uint64_t> read_next_nonce(store::Txn& txn, ChainId chain, const Address& wallet);

}  // namespace lamda::reputation
