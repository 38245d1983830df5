// Which transaction used a nonce up, proven from finalized blocks: absence of a receipt proves nothing.
#pragma once

#include <optional>

#include "eth/rpc.hpp"

namespace lamda::txsender {

/// The receipt of the transaction of `wallet` with this nonce, from those of the finalized block that holds
/// it. Absent: there is none up to `finalized`, or the node cannot prove it (no state that old, no receipts,
/// contradictions).
/// @throws net::TransportError, eth::BadAnswer of HTTP
std::optional<eth::Receipt> finalized_transaction_at(eth::Rpc& rpc, const Address& wallet,
                                                     std::uint64_t nonce, BlockNum finalized);

}  // namespace lamda::txsender
