// What final logs of both contracts told: SQL of reputation.job, .confirmation and .increment. Every function
// works inside the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "core/u256.hpp"
#include "store/database.hpp"

namespace lamda::reputation {

/// JobCreated: for whom a job is.
struct Creation {
    JobId job;
    Address provider;
    BlockNum block;
    bool operator==(const Creation&) const = default;
};

/// JobConfirmed: the job is to be counted.
struct Confirmation {
    JobId job;
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx;
    bool operator==(const Confirmation&) const = default;
};

/// JobCountIncremented: the chain has counted one.
struct Increment {
    Address provider;
    U256 new_count;
    BlockRef block;
    std::uint64_t log_index = 0;
    TxHash tx;
    std::optional<std::uint64_t> tx_index{};  ///< absent: of a row that was stored without it
    /// The same log: how it is found says nothing about it.
    bool operator==(const Increment& other) const {
        return provider == other.provider && new_count == other.new_count && block == other.block &&
               log_index == other.log_index && tx == other.tx;
    }
};

/// What is there already stays as it is.
void put_creations(store::Txn& txn, const std::vector<Creation>& rows);
void put_confirmations(store::Txn& txn, const std::vector<Confirmation>& rows);
void put_increments(store::Txn& txn, const std::vector<Increment>& rows);

/// Whose transactions to which contract raise the counts.
struct IntentTarget {
    Address wallet;
    ChainId chain;
    Address contract;
};
/// Notes that all that the chain has counted is known: from now on, and after a restart, intents are made.
void note_agreement(store::Txn& txn);
/// False: nothing may follow from what is not counted here, for it may be counted there.
bool ledger_agrees(store::Txn& txn);

/// Makes intents of confirmations that are proven, and neither counted nor on their way, in the order of the
/// chain; at most `most`. How many are new. None while the ledger does not agree with the chain.
std::size_t put_due_intents(store::Txn& txn, const IntentTarget& target, int most);

/// What is known of a job whose increment is to be signed.
struct Due {
    std::optional<Address> provider{};  ///< absent: nothing is proven of it
    bool confirmed = false;             ///< a final JobConfirmed from REPUTATION_FROM_BLOCK on
    bool counted = false;               ///< a final increment of it was read
};
/// In the order of the jobs.
std::vector<Due> read_due(store::Txn& txn, const std::vector<JobId>& jobs);

/// Where an event stands. The default is before all others.
struct LogPlace {
    BlockNum block;
    std::int64_t log_index = -1;
};
/// Confirmations that are neither proven nor counted, behind `after`, in the order of the chain; at most
/// `most`.
std::vector<Confirmation> read_unproven(store::Txn& txn, const LogPlace& after, std::size_t most);
/// If the row is still the same: its provider may be paid a count.
void note_proven(store::Txn& txn, const Confirmation& row, const Address& provider);
/// If the row is still the same and nothing was proven of it, it is removed; the sweep of the stream compares
/// what follows its block once more.
void refute(store::Txn& txn, const Confirmation& row, const std::string& stream);

/// Of these jobs, and of the blocks first … last.
std::vector<Creation> read_creations(store::Txn& txn, const std::vector<JobId>& jobs, BlockNum first,
                                     BlockNum last);
/// Of the blocks first … last, by block and log index.
std::vector<Confirmation> read_confirmations(store::Txn& txn, BlockNum first, BlockNum last);
std::vector<Increment> read_increments(store::Txn& txn, BlockNum first, BlockNum last);

/// Those that no intent follows from yet; the others stay.
void drop_creations(store::Txn& txn, const std::vector<JobId>& jobs);
void drop_confirmations(store::Txn& txn, const std::vector<JobId>& jobs);
void drop_increments(store::Txn& txn, const std::vector<const Increment*>& rows);

}  // namespace lamda::reputation
