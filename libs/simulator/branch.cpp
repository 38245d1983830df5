#include "simulator/branch.hpp"

#include <algorithm>

#include "eth/codec/receipts_root.hpp"

namespace lamda::simulator {

namespace {
/// keccak256(rlp([])): the uncles hash of a block without uncles.
const auto kNoUncles = *Bytes32::parse("0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
}  // namespace

bool matches(const eth::Log& log, const eth::LogFilter& filter) {
    const auto one_of = [](const auto& list, const auto& item) {
        return std::find(list.begin(), list.end(), item) != list.end();
    };
    const auto topic_fits = [&](std::size_t at, const std::vector<Topic>& wanted) {
        return wanted.empty() || (log.topics.size() > at && one_of(wanted, log.topics[at]));
    };
    return (filter.addresses.empty() || one_of(filter.addresses, log.address)) &&
           topic_fits(0, filter.topic0) && topic_fits(1, filter.topic1);
}

eth::Bloom bloom_of(const std::vector<eth::Receipt>& receipts) {
    eth::Bloom bloom;
    for (const auto& receipt : receipts) {
        for (const auto& log : receipt.logs) {
            bloom.add(log.address.view());
            for (const auto& topic : log.topics) {
                bloom.add(topic.view());
            }
        }
    }
    return bloom;
}

eth::HeaderFields header_fields(const Block& block) {
    eth::HeaderFields out;
    out.parent_hash = block.header.parent_hash;
    out.uncles_hash = kNoUncles;
    out.receipts_root = block.header.receipts_root.value_or(ReceiptsRoot{});
    out.logs_bloom = block.header.logs_bloom;
    out.difficulty = 2;
    out.number = block.header.number;
    out.gas_limit = 50'000'000;
    out.gas_used = block.receipts.empty() ? 0 : block.receipts.back().cumulative_gas_used.value_or(0);
    out.timestamp = block.header.timestamp;
    out.extra_data = block.extra_data;
    out.base_fee = block.header.base_fee.value_or(0);
    return out;
}

void seal(Block& block) {
    std::uint64_t gas = 0;
    for (auto& receipt : block.receipts) {
        gas += receipt.gas_used;
        receipt.cumulative_gas_used = gas;
        receipt.type = std::uint8_t{2};
    }
    block.header.receipts_root = *eth::receipts_root(block.receipts);
    block.header.logs_bloom = bloom_of(block.receipts);
    block.header.hash = eth::header_hash(header_fields(block));
    place_logs(block);
}

void place_logs(Block& block) {
    std::uint64_t log_index = 0;
    for (std::size_t i = 0; i < block.receipts.size(); ++i) {
        auto& receipt = block.receipts[i];
        receipt.block = block.header.ref();
        for (auto& log : receipt.logs) {
            log.block_num = block.header.number;
            log.block_hash = block.header.hash;
            log.tx_hash = receipt.tx_hash;
            log.tx_index = i;
            log.log_index = log_index++;
        }
    }
}

std::uint64_t nonce_after(const Branch& branch, const Address& address, std::uint64_t number) {
    std::uint64_t count = 0;
    for (std::uint64_t n = 0; n <= number && n < branch.size(); ++n) {
        const auto& txs = branch[n]->txs;
        count += static_cast<std::uint64_t>(
            std::count_if(txs.begin(), txs.end(), [&](const Tx& tx) { return tx.from == address; }));
    }
    return count;
}

ChainView::ChainView(const Branch& branch, std::uint64_t head, std::optional<std::uint64_t> safe,
                     std::optional<std::uint64_t> finalized)
    : branch_(&branch),
      head_(std::min<std::uint64_t>(head, branch.size() - 1)),
      safe_(safe),
      finalized_(finalized) {}

std::optional<std::uint64_t> ChainView::resolve(const eth::BlockSpec& spec) const {
    if (const auto* number = std::get_if<BlockNum>(&spec)) {
        return number->value <= head_ ? std::optional(number->value) : std::nullopt;
    }
    switch (std::get<eth::Tag>(spec)) {
        case eth::Tag::kEarliest:
            return 0;
        case eth::Tag::kLatest:
        case eth::Tag::kPending:
            return head_;
        case eth::Tag::kSafe:
        case eth::Tag::kFinalized: {
            const auto& tagged = std::get<eth::Tag>(spec) == eth::Tag::kSafe ? safe_ : finalized_;
            if (!tagged) {
                throw eth::RpcError(-32000, "unknown tag", {});
            }
            return std::min(head_, *tagged);
        }
    }
    return std::nullopt;
}

const Block* ChainView::block(const eth::BlockSpec& spec) const {
    const auto number = resolve(spec);
    return number ? (*branch_)[*number].get() : nullptr;
}

const Block* ChainView::block(const BlockHash& hash) const {
    for (std::uint64_t n = head_ + 1; n-- > 0;) {
        if ((*branch_)[n]->header.hash == hash) {
            return (*branch_)[n].get();
        }
    }
    return nullptr;
}

std::vector<eth::Log> ChainView::logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) const {
    std::vector<eth::Log> out;
    for (auto n = from.value; n <= std::min(to.value, head_); ++n) {
        auto some = logs(*(*branch_)[n], filter);
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

std::vector<eth::Log> ChainView::logs(const Block& block, const eth::LogFilter& filter) {
    std::vector<eth::Log> out;
    for (const auto& receipt : block.receipts) {
        std::copy_if(receipt.logs.begin(), receipt.logs.end(), std::back_inserter(out),
                     [&](const auto& log) { return matches(log, filter); });
    }
    return out;
}

std::optional<eth::Receipt> ChainView::receipt(const TxHash& hash) const {
    for (std::uint64_t n = 0; n <= head_; ++n) {
        for (const auto& receipt : (*branch_)[n]->receipts) {
            if (receipt.tx_hash == hash) {
                return receipt;
            }
        }
    }
    return std::nullopt;
}

namespace {
eth::TransactionInfo info_of(const Block& block, const Tx& tx) {
    eth::TransactionInfo info;
    info.hash = tx.hash;
    info.from = tx.from;
    info.nonce = tx.nonce;
    info.block = block.header.ref();
    info.to = tx.to;
    info.input = tx.data;
    return info;
}
}  // namespace

std::optional<eth::TransactionInfo> ChainView::transaction(const TxHash& hash) const {
    for (std::uint64_t n = 0; n <= head_; ++n) {
        for (const auto& tx : (*branch_)[n]->txs) {
            if (tx.hash == hash) {
                return info_of(*(*branch_)[n], tx);
            }
        }
    }
    return std::nullopt;
}

std::optional<eth::TransactionInfo> ChainView::transaction(const BlockHash& hash, std::uint64_t index) const {
    const auto* found = block(hash);
    return found != nullptr && index < found->txs.size() ? std::optional(info_of(*found, found->txs[index]))
                                                         : std::nullopt;
}

std::uint64_t ChainView::transaction_count(const Address& address, const eth::BlockSpec& spec) const {
    const auto number = resolve(spec);
    if (!number) {
        throw eth::RpcError(-32000, "header not found", {});
    }
    return nonce_after(*branch_, address, *number);
}

}  // namespace lamda::simulator
