// What a chain's endpoints prove together, for whoever acts on it and cannot take it back.
#pragma once

#include <map>

#include "ingest/proof/proven_logs.hpp"
#include "rpcpool/witnesses.hpp"

namespace lamda::ingest {

/// What one endpoint says of a block that is final there.
struct Statement {
    std::string endpoint;
    std::optional<eth::Header> header;  ///< its hash is that of its fields
    std::string last_error;             ///< why it says nothing; read only without a header
};

/// More than half of them.
constexpr std::size_t majority_of(std::size_t endpoints) {
    return endpoints / 2 + 1;
}

/// The header that at least `quorum` endpoints name, if none names another.
/// Errors: `unproven`, `contradiction`
Result<eth::Header> agreed_header(const std::vector<Statement>& statements, std::size_t quorum);

/// A block is proven when a majority of the endpoints calls it final and names its hash, no endpoint names
/// another, and the receipts of one have the root that the header names. So any minority of endpoints can
/// delay a proof, and none can forge one. A single endpoint is trusted: there is nobody to contradict it.
/// Endpoints on another chain do not count.
///
/// block() and calls() may be called by several threads.
class ProvenChain {
  public:
    /// @param rpc outlives it
    /// @param at_once so many blocks are proven at the same time, each by a thread
    ProvenChain(rpcpool::MultiRpc& rpc, eth::LogFilter filter, const Clock& clock, std::size_t at_once);

    /// Asks each endpoint how far it is final; what follows is judged by that, until the next time.
    /// @throws what MultiRpc::chain_id() throws
    void begin();
    /// So many endpoints must say the same.
    std::size_t quorum() const { return majority_of(witnesses_.usable()); }
    /// The newest block that is final at `quorum()` endpoints.
    std::optional<BlockNum> final() const;

    /// The logs of one block. Errors: `unproven`: perhaps later; `contradiction`: endpoints disagree.
    Result<BlockView> block(BlockNum number) const;
    /// The same of several, in their order.
    std::vector<Result<BlockView>> blocks(const std::vector<BlockNum>& numbers) const;
    /// Results of eth_call at final(), which `quorum()` endpoints give and none contradicts. Errors as above;
    /// `reverted`.
    std::vector<Result<Bytes>> calls(const std::vector<eth::CallRequest>& requests) const;
    /// The same at an earlier block.
    std::vector<Result<Bytes>> calls(const std::vector<eth::CallRequest>& requests, BlockNum at) const;

  private:
    struct Final {
        std::size_t endpoint;
        BlockNum number;
    };
    Statement ask(const Final& final, BlockNum number) const;

    rpcpool::MultiRpc& rpc_;
    eth::LogFilter filter_;
    rpcpool::Witnesses witnesses_;
    std::size_t at_once_;
    std::vector<Final> finals_;  ///< of the endpoints that said how far they are final
    std::string last_error_;     ///< why another one did not
};

}  // namespace lamda::ingest
