#include "eth/codec/header_hash.hpp"

#include "crypto/digest.hpp"
#include "eth/codec/rlp.hpp"

namespace lamda::eth {
namespace {

rlp::Item item(const U256& value) {
    return rlp::integer(value);
}
rlp::Item item(std::uint64_t value) {
    return rlp::integer(value);
}
rlp::Item item(const Bytes32& value) {
    return rlp::string(value.view());
}

}  // namespace

BlockHash header_hash(const HeaderFields& fields) {
    std::vector<rlp::Item> items{rlp::string(fields.parent_hash.view()),
                                 rlp::string(fields.uncles_hash.view()),
                                 rlp::string(fields.miner.view()),
                                 rlp::string(fields.state_root.view()),
                                 rlp::string(fields.transactions_root.view()),
                                 rlp::string(fields.receipts_root.view()),
                                 rlp::string(fields.logs_bloom.bits()),
                                 rlp::integer(fields.difficulty),
                                 rlp::integer(fields.number.value),
                                 rlp::integer(fields.gas_limit),
                                 rlp::integer(fields.gas_used),
                                 rlp::integer(fields.timestamp),
                                 rlp::string(fields.extra_data),
                                 rlp::string(fields.mix_hash.view()),
                                 rlp::string(fields.nonce)};
    auto size = items.size();
    const auto add = [&](const auto& field) {
        items.push_back(field ? item(*field) : rlp::string({}));
        if (field) {
            size = items.size();
        }
    };
    add(fields.base_fee);
    add(fields.withdrawals_root);
    add(fields.blob_gas_used);
    add(fields.excess_blob_gas);
    add(fields.parent_beacon_root);
    add(fields.requests_hash);
    items.resize(size);
    return crypto::keccak256(rlp::encode(rlp::list(std::move(items)))).as<BlockHash>();
}

}  // namespace lamda::eth
