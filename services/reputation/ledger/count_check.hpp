// Whether what the chain has counted, what we were told of it, and what we have sent agree. A difference is
// an alarm: nothing is changed because of it.
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

/// What is known up to one final block.
struct CountAccount {
    struct OfProvider {
        U256 increments;  ///< how many were read
        U256 first;       ///< the lowest newCount among them
        U256 last;        ///< the highest
        std::optional<U256>
            counter;  ///< successfulJobsCount at that block; absent: the node keeps no state so old
    };
    /// Of a provider without an increment.
    static constexpr OfProvider kNoIncrement{0, 1, 0, std::nullopt};
    std::map<Address, OfProvider> providers;
    std::vector<JobId> counted_twice;
    std::vector<std::string> unseen;  ///< keys of intents that are done, and whose increment was not read
};
/// The providers of the increments that were read up to one block.
CountAccount increments_read(store::Txn& txn, BlockNum upto);
/// One line for each thing that cannot be. Pure.
std::vector<std::string> differences(const CountAccount& account);

/// Metric `lamda_reputation_differences`. Each difference is logged once.
class CountCheck {
  public:
    CountCheck(Address contract, std::string increments_stream, store::Database& database, eth::Rpc& opbnb,
               telemetry::Log log, telemetry::Metrics& metrics);
    /// @throws what storage and endpoints throw
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
