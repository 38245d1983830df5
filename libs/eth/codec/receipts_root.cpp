#include "eth/codec/receipts_root.hpp"

#include "eth/codec/rlp.hpp"
#include "eth/codec/trie.hpp"

namespace lamda::eth {
namespace {

constexpr std::uint8_t kDeposit = 0x7e;

Error missing(const char* member) {
    return {"incomplete_receipt", std::string("the node omits ") + member + " of this receipt", member};
}

rlp::Item log_item(const Log& log) {
    std::vector<rlp::Item> topics;
    topics.reserve(log.topics.size());
    for (const Topic& topic : log.topics) {
        topics.push_back(rlp::string(topic.view()));
    }
    return rlp::list({rlp::string(log.address.view()), rlp::list(std::move(topics)), rlp::string(log.data)});
}

std::string place(std::size_t index) {
    return "receipts[" + std::to_string(index) + "]";
}

}  // namespace

Result<Bytes> encode_receipt(const Receipt& receipt) {
    if (!receipt.type) {
        return missing("type");
    }
    if (!receipt.cumulative_gas_used) {
        return missing("cumulativeGasUsed");
    }
    Bloom bloom;
    std::vector<rlp::Item> logs;
    logs.reserve(receipt.logs.size());
    for (const Log& log : receipt.logs) {
        bloom.add(log);
        logs.push_back(log_item(log));
    }
    std::vector<rlp::Item> members{rlp::integer(receipt.success ? 1 : 0),
                                   rlp::integer(*receipt.cumulative_gas_used), rlp::string(bloom.bits()),
                                   rlp::list(std::move(logs))};
    // Before Canyon a deposit's nonce was not hashed. The version is present only from Canyon on.
    if (*receipt.type == kDeposit && receipt.deposit_receipt_version) {
        if (!receipt.deposit_nonce) {
            return missing("depositNonce");
        }
        members.push_back(rlp::integer(*receipt.deposit_nonce));
        members.push_back(rlp::integer(*receipt.deposit_receipt_version));
    }
    Bytes out = rlp::encode(rlp::list(std::move(members)));
    if (*receipt.type != 0) {
        out.insert(out.begin(), *receipt.type);
    }
    return out;
}

Result<ReceiptsRoot> receipts_root(const std::vector<Receipt>& receipts) {
    std::vector<Bytes> encoded;
    encoded.reserve(receipts.size());
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        auto one = encode_receipt(receipts[i]);
        if (!one) {
            return Error{one.error().code, one.error().message, place(i) + "." + one.error().where};
        }
        encoded.push_back(std::move(one).value());
    }
    return ordered_trie_root(encoded).as<ReceiptsRoot>();
}

Status check_receipts(const Header& header, const std::vector<Receipt>& receipts) {
    if (!header.receipts_root) {
        return Error{"no_receipts_root", "the node omits receiptsRoot of the block", "receiptsRoot"};
    }
    const auto root = receipts_root(receipts);
    if (!root) {
        return root.error();
    }
    if (*root != *header.receipts_root) {
        return Error{
            "wrong_receipts",
            "the receipts have root " + root->hex() + ", the header says " + header.receipts_root->hex(), ""};
    }
    std::uint64_t log_index = 0;
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        for (const Log& log : receipts[i].logs) {
            if (log.log_index != log_index || log.tx_index != i) {
                return Error{"wrong_receipts",
                             "log " + std::to_string(log_index) + " of the block has index " +
                                 std::to_string(log.log_index) + ", of transaction " +
                                 std::to_string(log.tx_index),
                             place(i)};
            }
            ++log_index;
        }
    }
    return Ok{};
}

}  // namespace lamda::eth
