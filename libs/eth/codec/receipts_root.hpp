// What a block's receipts must be, by its header: with the root checked, a node can neither invent, hide nor
// change an event of the block.
#pragma once

#include "eth/codec/types.hpp"

namespace lamda::eth {

/// The form whose hash the chain commits to: rlp([status, cumulative gas, bloom, logs]), with the type's byte
/// in front unless legacy (EIP-658, EIP-2718). Deposits of the OP stack hold their nonce and version as well,
/// from Canyon on (a version is given). Errors: `incomplete_receipt`, naming what the node left out.
Result<Bytes> encode_receipt(const Receipt& receipt);
/// Of all receipts of one block, in order. Errors: `incomplete_receipt`, at receipts[i].
Result<ReceiptsRoot> receipts_root(const std::vector<Receipt>& receipts);
/// These are the receipts of the block with this header, all of them, and each log counts itself and its
/// transaction as its place says (the root does not cover these numbers). Errors: `incomplete_receipt`;
/// `no_receipts_root`: the header names none; `wrong_receipts`.
Status check_receipts(const Header& header, const std::vector<Receipt>& receipts);

}  // namespace lamda::eth
