// Audits the counts: compares the contract's counts, the increments that were read, and the intents that are
// done. Differences are reported, never repaired.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/u256.hpp"
#include "eth/rpc.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::reputation {

/// Counts up to one final block.
struct CountAccount {
    struct OfProvider {
        U256 increments;  ///< number of increments that were read
        U256 first;       ///< lowest newCount
        U256 last;        ///< highest newCount
        std::optional<U256>
            counter;  ///< successfulJobsCount at that block; absent: the node has pruned this state
    };
    /// Counts of a provider without an increment.
    static constexpr OfProvider kNoIncrement{0, 1, 0, std::nullopt};
    std::map<Address, OfProvider> providers;
    std::vector<JobId> counted_twice;
    std::vector<std::string> unseen;  ///< keys of done intents whose increment was not read
};
/// Reads the counts of providers with increments up to the block.
CountAccount increments_read(store::Txn& txn, BlockNum upto);
/// Returns one line for each contradiction. Pure.
std::vector<std::string> differences(const CountAccount& account);

/// Sets the metric `lamda_reputation_differences`, and logs each difference once.
class CountCheck {
  public:
    CountCheck(Address contract, std::string increments_stream, store::Database& database, eth::Rpc& opbnb,
               telemetry::Log log, telemetry::Metrics& metrics);
    /// Runs one audit. @throws store and endpoint errors
    void poll_once();

  private:
    CountAccount read(BlockNum upto);
    void ask_counters(CountAccount& account, BlockNum upto);

    Address contract_;
    std::string stream_;
    store::Database& database_;
    eth::Rpc& opbnb_;
    telemetry::Log log_;
    telemetry::Gauge gauge_;
    std::set<std::string> reported_;
};

}  // namespace lamda::reputation
