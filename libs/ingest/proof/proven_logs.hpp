// The logs of one block, known to be complete: none was left out.
#pragma once

#include "ingest/proof/blocks_read.hpp"
#include "rpcpool/errors.hpp"

namespace lamda::ingest {

/// Out of all logs of the block by eth_getLogs: together they make the header's bloom.
/// @throws NotReadyYet when they do not; what the endpoint throws
std::vector<eth::Log> logs_from_all(eth::Rpc& rpc, const eth::Header& header, const eth::LogFilter& filter);

/// What one endpoint can prove of a block.
struct BlockView {
    std::string endpoint;
    BlockHeader header;
    std::vector<eth::Log> logs;  ///< those that the filter asks for
    /// Their receipts' root is the header's (or its bloom excludes them): no log is invented. Else their
    /// bloom is, which says only that none is missing.
    bool by_root = false;
};

/// By the block's receipts, or where they are refused by all of its logs; the header's hash is that of its
/// fields. nullopt: the endpoint lacks the block.
/// @throws NotReadyYet, eth::BadAnswer it proves nothing; what the endpoint throws
std::optional<BlockView> view_block(eth::Rpc& rpc, BlockNum number, const eth::LogFilter& filter);

/// What the endpoints say of one final block, where they do not contradict one another. A view that is not by
/// root needs a second one, if there are more endpoints than one. Errors: `unproven`, `contradiction`.
Result<BlockView> settle(const std::vector<BlockView>& views, std::size_t endpoints);

}  // namespace lamda::ingest
