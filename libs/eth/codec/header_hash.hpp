// Hash of a block, computed from the fields of its header. A node cannot change any field of a header whose
// hash is confirmed by other sources.
#pragma once

#include "eth/codec/types.hpp"

namespace lamda::eth {

using BlockNonce = std::array<std::uint8_t, 8>;

/// The hashed fields, in this order (Yellow Paper, section 4.4; go-ethereum, types.Header). BSC and the OP
/// stack have the same fields. A field that a later fork added is absent.
struct HeaderFields {
    BlockHash parent_hash;
    Bytes32 uncles_hash;
    Address miner;
    Bytes32 state_root;
    Bytes32 transactions_root;
    ReceiptsRoot receipts_root;
    Bloom logs_bloom;
    U256 difficulty;
    BlockNum number;
    std::uint64_t gas_limit = 0;
    std::uint64_t gas_used = 0;
    std::uint64_t timestamp = 0;
    Bytes extra_data;
    Bytes32 mix_hash;
    BlockNonce nonce{};
    std::optional<U256> base_fee;                  ///< London, EIP-1559
    std::optional<Bytes32> withdrawals_root;       ///< Shanghai, EIP-4895
    std::optional<std::uint64_t> blob_gas_used;    ///< Cancun, EIP-4844
    std::optional<std::uint64_t> excess_blob_gas;  ///< EIP-4844
    std::optional<Bytes32> parent_beacon_root;     ///< Cancun, EIP-4788
    std::optional<Bytes32> requests_hash;          ///< Prague, EIP-7685
};

/// keccak256(rlp(fields)). An absent field is omitted if no present field follows, else encoded as an empty
/// string.
BlockHash header_hash(const HeaderFields& fields);

}  // namespace lamda::eth
