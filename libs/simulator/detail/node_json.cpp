#include "simulator/detail/node_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "eth/codec/receipts_root.hpp"

namespace lamda::simulator {

namespace {

const std::string kZeroAddress = "0x" + std::string(40, '0');

std::string hex(const eth::Bloom& bloom) {
    return to_hex(bloom.bits());
}

template <class Items, class Write>
std::string array(const Items& items, Write write) {
    std::string out = "[";
    for (const auto& item : items) {
        out += (out.size() > 1 ? "," : "") + write(item);
    }
    return out + "]";
}

std::string quoted(const auto& hash) {
    return "\"" + hash.hex() + "\"";
}

std::string quoted_quantity(const U256& value) {
    return "\"" + to_quantity(value) + "\"";
}

std::string log_json(const eth::Log& log) {
    return fmt::format(
        R"({{"address":"{}","topics":{},"data":"{}","blockNumber":"{}","transactionHash":"{}","transactionIndex":"{}",)"
        R"("blockHash":"{}","logIndex":"{}","removed":false}})",
        log.address.hex(), array(log.topics, [](const Topic& topic) { return quoted(topic); }),
        to_hex(log.data), to_quantity(log.block_num.value), log.tx_hash.hex(), to_quantity(log.tx_index),
        log.block_hash.hex(), to_quantity(log.log_index));
}

std::string receipt_json(const eth::Receipt& receipt, std::size_t index) {
    return fmt::format(
        R"({{"blockHash":"{}","blockNumber":"{}","contractAddress":null,"cumulativeGasUsed":"{}",)"
        R"("effectiveGasPrice":{},"from":"{}","gasUsed":"{}","logs":{},"logsBloom":"{}","status":"{}",)"
        R"("to":"{}","transactionHash":"{}","transactionIndex":"{}","type":"{}"}})",
        receipt.block.hash.hex(), to_quantity(receipt.block.number.value),
        to_quantity(receipt.cumulative_gas_used.value_or(0)),
        receipt.effective_gas_price ? quoted_quantity(*receipt.effective_gas_price) : "null",
        receipt.from.hex(), to_quantity(receipt.gas_used), logs_json(receipt.logs), hex(bloom_of({receipt})),
        receipt.success ? "0x1" : "0x0", kZeroAddress, receipt.tx_hash.hex(), to_quantity(index),
        to_quantity(std::uint64_t{receipt.type.value_or(0)}));
}

template <class Hash>
Hash inverted(Hash hash) {
    for (auto& byte : hash.array()) {
        byte = static_cast<std::uint8_t>(byte ^ 0xffU);
    }
    return hash;
}

}  // namespace

std::string block_json(const Block& block) {
    const auto& header = block.header;
    const auto fields = header_fields(block);
    return fmt::format(
        R"({{"baseFeePerGas":"{}","difficulty":"{}","extraData":"{}","gasLimit":"{}","gasUsed":"{}",)"
        R"("hash":"{}","logsBloom":"{}","miner":"{}","mixHash":"{}","nonce":"{}","number":"{}",)"
        R"("parentHash":"{}","receiptsRoot":"{}","sha3Uncles":"{}","size":"0x400","stateRoot":"{}",)"
        R"("timestamp":"{}","transactions":{},"transactionsRoot":"{}","uncles":[]}})",
        to_quantity(fields.base_fee.value_or(0)), to_quantity(fields.difficulty), to_hex(fields.extra_data),
        to_quantity(fields.gas_limit), to_quantity(fields.gas_used), header.hash.hex(),
        hex(header.logs_bloom), fields.miner.hex(), fields.mix_hash.hex(), to_hex(fields.nonce),
        to_quantity(header.number.value), header.parent_hash.hex(), fields.receipts_root.hex(),
        fields.uncles_hash.hex(), fields.state_root.hex(), to_quantity(header.timestamp),
        array(block.receipts, [](const eth::Receipt& receipt) { return quoted(receipt.tx_hash); }),
        fields.transactions_root.hex());
}

std::string logs_json(const std::vector<eth::Log>& logs) {
    return array(logs, log_json);
}

std::string receipts_json(const Block& block) {
    std::size_t index = 0;
    return array(block.receipts, [&](const eth::Receipt& receipt) { return receipt_json(receipt, index++); });
}

std::string receipt_json(const Block& block, const TxHash& hash) {
    for (std::size_t i = 0; i < block.receipts.size(); ++i) {
        if (block.receipts[i].tx_hash == hash) {
            return receipt_json(block.receipts[i], i);
        }
    }
    return "null";
}

std::string transaction_json(const eth::TransactionInfo& transaction) {
    const auto place = transaction.block ? fmt::format(R"("blockHash":"{}","blockNumber":"{}")",
                                                       transaction.block->hash.hex(),
                                                       to_quantity(transaction.block->number.value))
                                         : std::string(R"("blockHash":null,"blockNumber":null)");
    return fmt::format(
        R"({{{},"from":"{}","hash":"{}","input":"{}","nonce":"{}","to":{},"value":"{}","type":"0x2"}})",
        place, transaction.from.hex(), transaction.hash.hex(), to_hex(transaction.input),
        to_quantity(transaction.nonce), transaction.to ? quoted(*transaction.to) : "null",
        to_quantity(transaction.value));
}

BlockHash hash_on_another_chain(const BlockHash& hash) {
    return inverted(hash);
}

eth::Log log_on_another_chain(eth::Log log) {
    log.block_hash = inverted(log.block_hash);
    log.tx_hash = inverted(log.tx_hash);
    log.data = {0xee};
    return log;
}

Block on_another_chain(const Block& block) {
    Block out = block;
    out.header.hash = inverted(out.header.hash);
    out.header.parent_hash = inverted(out.header.parent_hash);
    for (auto& receipt : out.receipts) {
        receipt.block.hash = out.header.hash;
        receipt.tx_hash = inverted(receipt.tx_hash);
        std::transform(receipt.logs.begin(), receipt.logs.end(), receipt.logs.begin(), log_on_another_chain);
    }
    out.header.receipts_root = *eth::receipts_root(out.receipts);
    return out;
}

}  // namespace lamda::simulator
