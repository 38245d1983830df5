#include "chaos/logging_chain.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace lamda::chaos {

namespace {

/// Creation code of a contract that logs its calldata twice, under topic 1.
constexpr auto kTwoLogs =
    "0x6013600c60003960136000f3"
    "366000600037"
    "6001366000a1"
    "6001366000a1"
    "00";

}  // namespace

Row row_of(BlockNum block, const BlockHash& hash, std::uint64_t log_index, const TxHash& tx, BytesView data) {
    return fmt::format("{:05} {} {:02} {} {}", block.value, hash.hex(), log_index, tx.hex(), to_hex(data));
}

BlockNum block_of(const Row& row) {
    return {std::stoull(row)};
}

LoggingChain::LoggingChain(const std::string& dir)
    : anvil_(dir, {ChainId{97}, 0, kFinalDepth / 2}), rpc_(anvil_.url(), Millis(30'000)) {
    from_ = anvil_.call("eth_accounts", "[]").substr(2, 42);
    anvil_.call("evm_setAutomine", "[false]");
    anvil_.call("eth_sendTransaction", fmt::format(R"([{{"from":"{}","data":"{}"}}])", from_, kTwoLogs));
    anvil_.call("evm_mine", "[]");
    const auto head = rpc_.header(eth::Tag::kLatest).value();
    contract_ = rpc_.block_receipts(head.hash).at(0).contract_address.value();
}

std::string LoggingChain::request() {
    return fmt::format(R"({{"from":"{}","to":"{}","gas":"0x186a0","data":"0x{:064x}"}})", from_,
                       contract_.hex(), next_++);
}

void LoggingChain::block(unsigned transactions) {
    const std::lock_guard lock(mutex_);
    for (unsigned i = 0; i < transactions; ++i) {
        anvil_.call("eth_sendTransaction", "[" + request() + "]");
    }
    anvil_.call("evm_mine", "[]");
}

void LoggingChain::empty_blocks(unsigned count) {
    const std::lock_guard lock(mutex_);
    anvil_.call("anvil_mine", fmt::format("[{}]", count));
}

void LoggingChain::reorg(unsigned depth, unsigned transactions, std::mt19937& random) {
    const std::lock_guard lock(mutex_);
    std::uniform_int_distribution<unsigned> any_block(0, depth - 1);
    std::string pairs;
    for (unsigned i = 0; i < transactions; ++i) {
        pairs += fmt::format("{}[{},{}]", pairs.empty() ? "" : ",", request(), any_block(random));
    }
    anvil_.call("anvil_reorg", fmt::format("[{},[{}]]", depth, pairs));
}

BlockRef LoggingChain::head() {
    const std::lock_guard lock(mutex_);
    return rpc_.header(eth::Tag::kLatest).value().ref();
}

std::vector<Row> LoggingChain::logs() {
    const std::lock_guard lock(mutex_);
    eth::LogFilter filter;
    filter.addresses = {contract_};
    std::vector<Row> out;
    for (const auto& log : rpc_.logs(BlockNum{0}, rpc_.block_number(), filter)) {
        out.push_back(row_of(log.block_num, log.block_hash, log.log_index, log.tx_hash, log.data));
    }
    return out;
}

}  // namespace lamda::chaos
