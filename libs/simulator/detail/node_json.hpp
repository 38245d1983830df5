// What go-ethereum writes: blocks, logs, receipts and transactions as JSON, member by member.
#pragma once

#include <string>

#include "simulator/branch.hpp"

namespace lamda::simulator {

/// eth_getBlockBy…(…, false)
std::string block_json(const Block& block);
std::string logs_json(const std::vector<eth::Log>& logs);
std::string receipts_json(const Block& block);
/// One of the block's.
std::string receipt_json(const Block& block, const TxHash& hash);
std::string transaction_json(const eth::TransactionInfo& transaction);

/// The same block on another chain: other hashes (which its fields do not have), and logs that say something
/// else.
Block on_another_chain(const Block& block);
eth::Log log_on_another_chain(eth::Log log);
/// Its own inverse.
BlockHash hash_on_another_chain(const BlockHash& hash);

}  // namespace lamda::simulator
