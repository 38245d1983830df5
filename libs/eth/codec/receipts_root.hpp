// Receipts root of a block, and the check of receipts against it. After the check a node cannot have added,
// hidden or changed an event of the block.
#pragma once

#include "eth/codec/types.hpp"

namespace lamda::eth {

/// The encoding that the receipts root commits to: rlp([status, cumulative gas, bloom, logs]), preceded by
/// the type byte unless legacy (EIP-658, EIP-2718). OP-stack deposits also include nonce and version from
/// Canyon on (if the version is present). Errors: `incomplete_receipt`, naming the missing member.
Result<Bytes> encode_receipt(const Receipt& receipt);
/// Root of all receipts of one block, in order. Errors: `incomplete_receipt`, at receipts[i].
Result<ReceiptsRoot> receipts_root(const std::vector<Receipt>& receipts);
/// Checks that `receipts` are all receipts of the block with this header, and that the log index and
/// transaction index of each log match its position (the root does not cover these). Errors:
/// `incomplete_receipt`; `no_receipts_root`: the header has none; `wrong_receipts`.
Status check_receipts(const Header& header, const std::vector<Receipt>& receipts);

}  // namespace lamda::eth
