// Proves, before anything is sent, that all increments on chain were read.
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

/// An endpoint that hides increments would cause their jobs to be counted twice. Compares the contract's
/// counts, given by a majority of the endpoints and contradicted by none (`ingest::ProvenChain`), with the
/// increments up to the same block, for every provider with an increment or a confirmed job.
class CountProof {
  public:
    /// @param opbnb must outlive this object
    CountProof(CountProofConfig config, store::Database& database, rpcpool::MultiRpc& opbnb,
               const Clock& clock);

    /// Returns the reason why the counts are not proven; empty: they are. Calls the endpoints at most once a
    /// second.
    /// @throws store errors, and as ingest::ProvenChain::begin()
    std::string missing();

  private:
    std::string poll_once();
    CountAccount read(store::Txn& txn, BlockNum upto);
    /// Reads the contract's count of each provider. @param at absent: the newest final block
    std::vector<Result<U256>> counts(const std::vector<Address>& providers, std::optional<BlockNum> at);
    std::string earlier_counts(const CountAccount& account);

    CountProofConfig config_;
    store::Database& database_;
    const Clock& clock_;
    ingest::ProvenChain chain_;
    std::string reason_;
    std::optional<Steady> polled_at_;
};

}  // namespace lamda::reputation
