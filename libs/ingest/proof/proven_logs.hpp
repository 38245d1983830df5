// Logs of one block with a proof that they are complete.
#pragma once

#include "ingest/proof/blocks_read.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::ingest {

/// Filters all logs of the block as returned by eth_getLogs; together they must make the header's bloom.
/// @throws NotReadyYet when they do not; errors of the endpoint
std::vector<eth::Log> logs_from_all(eth::Rpc& rpc, const eth::Header& header, const eth::LogFilter& filter);

/// Block with the proof that one endpoint gives.
struct BlockView {
    std::string endpoint;
    BlockHeader header;
    std::vector<eth::Log> logs;  ///< logs that match the filter
    /// True: the receipts' root is the header's (or the header's bloom excludes logs), so no log is invented.
    /// False: only the logs' bloom is the header's, which proves that no log is missing.
    bool by_root = false;
};

/// Reads the block's receipts or, where these are refused, all its logs; the header's hash is verified
/// against its fields. nullopt: the endpoint lacks the block.
/// @throws NotReadyYet, eth::BadAnswer when the answer proves nothing; errors of the endpoint
std::optional<BlockView> view_block(eth::Rpc& rpc, BlockNum number, const eth::LogFilter& filter);

/// Combines the views of one final block, unless they contradict one another. A view without receipts root
/// needs a second view, if there is more than one endpoint. Errors: `unproven`, `contradiction`.
Result<BlockView> settle(const std::vector<BlockView>& views, std::size_t endpoints);

}  // namespace lamda::ingest
