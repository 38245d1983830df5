// Before anything is sent: the increments that were read are all that the chain has counted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ingest/proof/proven_chain.hpp"
#include "services/reputation/ledger/count_check.hpp"
#include "store/database.hpp"

namespace lamda::reputation {

struct CountProofConfig {
    Address contract;
    std::string increments_stream;
    std::optional<BlockNum> start_block;  ///< of the stream
};

/// An endpoint that hides increments would have their jobs counted twice. So the contract's counts, which a
/// majority of the endpoints gives and none contradicts (`ingest::ProvenChain`), are compared with the
/// increments up to the same block, for every provider with an increment or a confirmed job.
class CountProof {
  public:
    /// @param opbnb outlives it
    CountProof(CountProofConfig config, store::Database& database, rpcpool::MultiRpc& opbnb,
               const Clock& clock);

    /// Why the counts are not proven; empty: they are. The endpoints are asked once a second at most.
    /// @throws what storage throws, and ingest::ProvenChain::begin()
    std::string missing();

  private:
    std::string poll_once();
    CountAccount read(store::Txn& txn, BlockNum upto);
    /// Asks how much the contract counts for each of the providers. @param at absent: the newest final block
    std::vector<Result<U256>> counts(const std::vector<Address>& providers, std::optional<BlockNum> at);
    std::string earlier_counts(const CountAccount& account);

    CountProofConfig config_;
    store::Database& database_;
    const Clock& clock_;
    ingest::ProvenChain chain_;
    std::string reason_;
    std::optional<Steady> looked_at_;
};

}  // namespace lamda::reputation
