// ProvenChain: facts that the endpoints of a chain prove together, for actions that cannot be undone.
#pragma once

#include <map>

#include "ingest/proof/proven_logs.hpp"
#include "rpcpool/witnesses.hpp"

namespace lamda::ingest {

/// Statement of one endpoint about a block that is final at this endpoint.
struct Statement {
    std::string endpoint;
    std::optional<eth::Header> header;  ///< its hash is verified against its fields
    std::string last_error;             ///< why there is no header; valid only without one
};

/// More than half of the endpoints.
constexpr std::size_t majority_of(std::size_t endpoints) {
    return endpoints / 2 + 1;
}

/// The header that at least `quorum` endpoints report, if none reports another.
/// Errors: `unproven`, `contradiction`
Result<eth::Header> agreed_header(const std::vector<Statement>& statements, std::size_t quorum);

/// A block is proven when a majority of the endpoints reports it as final with the same hash, no endpoint
/// reports another hash, and the receipts from one endpoint have the root in the header. So a minority of
/// endpoints can delay a proof but cannot forge one. A single endpoint is trusted: no other can contradict
/// it. Endpoints on another chain do not count.
///
/// block() and calls() may be called by several threads.
class ProvenChain {
  public:
    /// @param rpc must outlive this object
    /// @param at_once number of blocks that are proven at the same time, each by a thread
    ProvenChain(rpcpool::MultiRpc& rpc, eth::LogFilter filter, const Clock& clock, std::size_t at_once);

    /// Reads the final block of each endpoint; later calls use it until the next begin().
    /// @throws errors of MultiRpc::chain_id()
    void begin();
    /// Number of endpoints that must agree.
    std::size_t quorum() const { return majority_of(witnesses_.usable()); }
    /// The newest block that is final at `quorum()` endpoints.
    std::optional<BlockNum> final() const;

    /// Returns the logs of one block. Errors: `unproven` (retry later), `contradiction` (endpoints disagree).
    Result<BlockView> block(BlockNum number) const;
    /// The same for several blocks, in their order.
    std::vector<Result<BlockView>> blocks(const std::vector<BlockNum>& numbers) const;
    /// Returns results of eth_call at final() that `quorum()` endpoints give and none contradicts.
    /// Errors: `unproven`, `contradiction`, `reverted`.
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
    std::vector<Final> finals_;  ///< of the endpoints that reported a final block
    std::string last_error_;     ///< why another endpoint did not
};

}  // namespace lamda::ingest
