#include "eth/detail/header_json.hpp"

#include <algorithm>
#include <array>

namespace lamda::eth {
namespace {

/// Known members of eth_getBlockBy…: hashed ones, and ones that nodes add (BSC: milliTimestamp, part of
/// mixHash).
constexpr std::array<std::string_view, 28> kKnownMembers{
    "parentHash",       "sha3Uncles",   "miner",         "stateRoot",
    "transactionsRoot", "receiptsRoot", "logsBloom",     "difficulty",
    "number",           "gasLimit",     "gasUsed",       "timestamp",
    "extraData",        "mixHash",      "nonce",         "baseFeePerGas",
    "withdrawalsRoot",  "blobGasUsed",  "excessBlobGas", "parentBeaconBlockRoot",
    "requestsHash",     "hash",         "size",          "totalDifficulty",
    "transactions",     "uncles",       "withdrawals",   "milliTimestamp"};
constexpr std::size_t kMostNamed = 4;
constexpr std::size_t kLongestName = 40;

Bloom bloom_of(const Object& in) {
    const Bytes bytes = in.bytes("logsBloom");
    std::array<std::uint8_t, 256> bits{};
    if (bytes.size() != bits.size()) {
        bad(in.place("logsBloom"), "256 bytes are needed");
    }
    std::copy(bytes.begin(), bytes.end(), bits.begin());
    return Bloom(bits);
}

BlockNonce nonce_of(const Object& in) {
    const Bytes bytes = in.bytes("nonce");
    BlockNonce out{};
    if (bytes.size() != out.size()) {
        bad(in.place("nonce"), "8 bytes are needed");
    }
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

}  // namespace

Header header_of(dom::element element, const At& at) {
    const Object in(element, at);
    Header out;
    out.number = {in.u64("number")};
    out.hash = in.fixed<BlockHash>("hash");
    out.parent_hash = in.fixed<BlockHash>("parentHash");
    out.timestamp = in.u64("timestamp");
    out.logs_bloom = bloom_of(in);
    out.base_fee = in.maybe_u256("baseFeePerGas");
    out.receipts_root = in.maybe_fixed<ReceiptsRoot>("receiptsRoot");
    return out;
}

HeaderFields header_fields_of(dom::element element, const At& at) {
    const Object in(element, at);
    HeaderFields out;
    out.parent_hash = in.fixed<BlockHash>("parentHash");
    out.uncles_hash = in.fixed<Bytes32>("sha3Uncles");
    out.miner = in.fixed<Address>("miner");
    out.state_root = in.fixed<Bytes32>("stateRoot");
    out.transactions_root = in.fixed<Bytes32>("transactionsRoot");
    out.receipts_root = in.fixed<ReceiptsRoot>("receiptsRoot");
    out.logs_bloom = bloom_of(in);
    out.difficulty = in.u256("difficulty");
    out.number = {in.u64("number")};
    out.gas_limit = in.u64("gasLimit");
    out.gas_used = in.u64("gasUsed");
    out.timestamp = in.u64("timestamp");
    out.extra_data = in.bytes("extraData");
    out.mix_hash = in.fixed<Bytes32>("mixHash");
    out.nonce = nonce_of(in);
    out.base_fee = in.maybe_u256("baseFeePerGas");
    out.withdrawals_root = in.maybe_fixed<Bytes32>("withdrawalsRoot");
    out.blob_gas_used = in.maybe_u64("blobGasUsed");
    out.excess_blob_gas = in.maybe_u64("excessBlobGas");
    out.parent_beacon_root = in.maybe_fixed<Bytes32>("parentBeaconBlockRoot");
    out.requests_hash = in.maybe_fixed<Bytes32>("requestsHash");
    return out;
}

std::string unknown_members(dom::element element) {
    std::string out;
    std::size_t named = 0;
    dom::object members;
    if (element.get_object().get(members) != simdjson::SUCCESS) {
        return out;
    }
    for (const auto& [name, value] : members) {
        const bool known = std::find(kKnownMembers.begin(), kKnownMembers.end(), name) != kKnownMembers.end();
        if (!known && named++ < kMostNamed) {
            out += (out.empty() ? " (not known in a header: " : ", ") +
                   std::string(name.substr(0, kLongestName));
        }
    }
    return out.empty() ? out : out + ")";
}

}  // namespace lamda::eth
