// Blocks, logs, receipts and transactions as JSON, member by member as go-ethereum writes them.
#pragma once

#include <string>

#include "simulator/branch.hpp"

namespace lamda::simulator {

/// Result of eth_getBlockBy…(…, false).
std::string block_json(const Block& block);
std::string logs_json(const std::vector<eth::Log>& logs);
std::string receipts_json(const Block& block);
/// A receipt of the block.
std::string receipt_json(const Block& block, const TxHash& hash);
std::string transaction_json(const eth::TransactionInfo& transaction);

/// The same block on another chain: other hashes (which do not match its fields), and logs with other
/// content.
Block on_another_chain(const Block& block);
eth::Log log_on_another_chain(eth::Log log);
/// Maps a hash to the other chain, and back: its own inverse.
BlockHash hash_on_another_chain(const BlockHash& hash);

}  // namespace lamda::simulator
