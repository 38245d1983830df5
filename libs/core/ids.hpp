// Identifiers of the domain. Each is a type of its own: explicit in, no implicit out.
#pragma once

#include <cstdint>
#include <string>

#include "core/fixed_bytes.hpp"

namespace lamda {

namespace tag {
struct Address {
    static constexpr auto kName = "an address";
    static constexpr auto kError = "invalid_address";
};
struct Bytes32 {
    static constexpr auto kName = "a 32-byte value";
    static constexpr auto kError = "invalid_bytes32";
};
struct BlockHash {
    static constexpr auto kName = "a block hash";
    static constexpr auto kError = "invalid_block_hash";
};
struct TxHash {
    static constexpr auto kName = "a transaction hash";
    static constexpr auto kError = "invalid_tx_hash";
};
struct ReceiptsRoot {
    static constexpr auto kName = "a receipts root";
    static constexpr auto kError = "invalid_receipts_root";
};
struct JobId {
    static constexpr auto kName = "a job id";
    static constexpr auto kError = "invalid_job_id";
};
struct Topic {
    static constexpr auto kName = "a log topic";
    static constexpr auto kError = "invalid_topic";
};
}  // namespace tag

/// 20 bytes. hex() is lowercase; crypto::checksum_address gives the EIP-55 form.
using Address = FixedBytes<20, tag::Address>;
/// 32 bytes without a specific meaning: digests, ABI bytes32.
using Bytes32 = FixedBytes<32, tag::Bytes32>;
using BlockHash = FixedBytes<32, tag::BlockHash>;
using TxHash = FixedBytes<32, tag::TxHash>;
/// Root of the receipts trie in a block header.
using ReceiptsRoot = FixedBytes<32, tag::ReceiptsRoot>;
/// The bytes32 by which JobManager identifies a job; for jobs with a spec, SHA-256 of its canonical form.
using JobId = FixedBytes<32, tag::JobId>;
using Topic = FixedBytes<32, tag::Topic>;

/// Height of a block.
struct BlockNum {
    std::uint64_t value = 0;

    constexpr auto operator<=>(const BlockNum&) const = default;
    constexpr BlockNum operator+(std::uint64_t n) const { return {value + n}; }
    /// Saturates at 0.
    constexpr BlockNum operator-(std::uint64_t n) const { return {value > n ? value - n : 0}; }
    constexpr BlockNum next() const { return {value + 1}; }
};

/// EIP-155 chain id: 56 BSC, 97 BSC testnet, 204 opBNB, 5611 opBNB testnet.
struct ChainId {
    std::uint64_t value = 0;
    constexpr auto operator<=>(const ChainId&) const = default;
};

/// A block by height and hash: the position of a cursor.
struct BlockRef {
    BlockNum number;
    BlockHash hash;
    auto operator<=>(const BlockRef&) const = default;
};

/// 32 bytes from the operating system's generator (getrandom(2)).
Bytes32 random_bytes32();
/// 128 random bits as 32 hex digits, for request ids.
std::string random_id();

}  // namespace lamda
