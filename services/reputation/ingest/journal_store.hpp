// SQL of reputation.job, .confirmation and .increment: rows of the final logs of both contracts. Every
// function runs inside the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"
#include "store/database.hpp"

namespace lamda::reputation {

/// JobCreated: the provider of a job.
struct Creation {
    JobId job;
    Address provider;
    BlockNum block;
    bool operator==(const Creation&) const = default;
};

/// JobConfirmed: the job is due to be counted.
struct Confirmation {
    JobId job;
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx;
    bool operator==(const Confirmation&) const = default;
};

/// JobCountIncremented: the chain has counted a job.
struct Increment {
    Address provider;
    U256 new_count;
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx;
    std::optional<std::uint64_t> tx_index{};  ///< absent: a row of an older release
    /// Compares the log, without tx_index.
    bool operator==(const Increment& other) const {
        return provider == other.provider && new_count == other.new_count && block == other.block &&
               log_index == other.log_index && tx == other.tx;
    }
};

/// Insert rows; existing rows stay unchanged.
void put_creations(store::Txn& txn, const std::vector<Creation>& rows);
void put_confirmations(store::Txn& txn, const std::vector<Confirmation>& rows);
void put_increments(store::Txn& txn, const std::vector<Increment>& rows);

/// The wallet and the contract of the transactions that raise the counts.
struct IntentTarget {
    Address wallet;
    ChainId chain;
    Address contract;
};
/// Records that all increments on chain are known: intents are made from now on, also after a restart.
void note_agreement(store::Txn& txn);
/// False: a job that has no increment here may have one on chain, so nothing may be sent.
bool ledger_agrees(store::Txn& txn);

/// Makes intents for proven confirmations that are neither counted nor in flight, in chain order, at most
/// `most`. Returns the number of new intents. Makes none while the ledger does not agree with the chain.
std::size_t put_due_intents(store::Txn& txn, const IntentTarget& target, int most);

/// State of a job whose increment is due to be signed.
struct Due {
    std::optional<Address> provider{};  ///< absent: not proven
    bool confirmed = false;             ///< has a final JobConfirmed from REPUTATION_FROM_BLOCK on
    bool counted = false;               ///< has a final increment
};
/// Returns one state for each job, in order.
std::vector<Due> read_due(store::Txn& txn, const std::vector<JobId>& jobs);

/// Position of an event. The default is before all others.
struct LogPlace {
    BlockNum block;
    std::int64_t log_index = -1;
};
/// Returns confirmations after `after` that are neither proven nor counted, in chain order, at most `most`.
std::vector<Confirmation> read_unproven(store::Txn& txn, const LogPlace& after, std::size_t most);
/// Records the proven provider, if the row is unchanged.
void note_proven(store::Txn& txn, const Confirmation& row, const Address& provider);
/// Removes the row, if it is unchanged and not proven, and sets the audit of the stream back to before its
/// block.
void refute(store::Txn& txn, const Confirmation& row, const std::string& stream);

/// Returns creations of these jobs and of blocks first … last.
std::vector<Creation> read_creations(store::Txn& txn, const std::vector<JobId>& jobs, BlockNum first,
                                     BlockNum last);
/// Return the rows of blocks first … last, by block and log index.
std::vector<Confirmation> read_confirmations(store::Txn& txn, BlockNum first, BlockNum last);
std::vector<Increment> read_increments(store::Txn& txn, BlockNum first, BlockNum last);

/// Delete rows. Creations and confirmations of jobs with an intent stay.
void drop_creations(store::Txn& txn, const std::vector<JobId>& jobs);
void drop_confirmations(store::Txn& txn, const std::vector<JobId>& jobs);
void drop_increments(store::Txn& txn, const std::vector<const Increment*>& rows);

/// Delete all rows above the block.
void drop_creations_above(store::Txn& txn, BlockNum block);
void drop_confirmations_above(store::Txn& txn, BlockNum block);
void drop_increments_above(store::Txn& txn, BlockNum block);

}  // namespace lamda::reputation
