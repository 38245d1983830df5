// Proof of which transaction used a nonce, from finalized blocks; a missing receipt proves nothing.
#pragma once

#include <optional>

#include "eth/rpc.hpp"

namespace lamda::txsender {

/// Returns the receipt of the wallet's transaction with this nonce, from the receipts of the finalized block
/// that holds it. Absent: no such transaction up to `finalized`, or the node cannot prove it (no state that
/// old, no receipts, contradictions).
/// @throws net::TransportError, eth::BadAnswer of HTTP
std::optional<eth::Receipt> finalized_transaction_at(eth::Rpc& rpc, const Address& wallet,
                                                     std::uint64_t nonce, BlockNum finalized);

}  // namespace lamda::txsender
