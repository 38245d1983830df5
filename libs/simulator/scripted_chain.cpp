#include "simulator/scripted_chain.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace lamda::simulator {

namespace {
template <class T>
T hash_of(const std::string& text) {
    return crypto::keccak256(as_bytes(text)).as<T>();
}

std::uint64_t in_seconds(Timestamp time) {
    return static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}
}  // namespace

ScriptedChain::ScriptedChain(std::uint64_t seed, const Clock& clock, Millis age)
    : random_(seed), clock_(clock) {
    mine_at(in_seconds(clock.now() - age));
}

bool ScriptedChain::chance(double probability) {
    return probability > 0 && std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

ChainView ScriptedChain::node() {
    ++calls;
    maybe_fail();
    bool stale = false;
    if (stale_calls_ > 0) {
        --stale_calls_;
        stale = chance(faults.stale_fork);
    }
    std::uint64_t lag =
        faults.lag > 0 ? std::uniform_int_distribution<std::uint64_t>(0, faults.lag)(random_) : 0;
    const auto& branch = stale ? stale_ : blocks_;
    const auto top = branch.size() - 1;
    const auto tagged = has_finalized ? std::optional(stale ? stale_final_ : final_) : std::nullopt;
    return {branch, top > lag ? top - lag : 0, tagged, tagged};
}

void ScriptedChain::maybe_fail() {
    if (!chance(faults.fail)) {
        return;
    }
    switch (std::uniform_int_distribution<>(0, 3)(random_)) {
        case 0:
            throw net::TransportError(net::TransportError::Kind::kTimeout, "timed out");
        case 1:
            throw net::TransportError(net::TransportError::Kind::kConnect, "refused");
        case 2:
            throw eth::BadAnswer(502, "bad gateway");
        default:
            throw eth::RpcError(-32005, "limit exceeded", {});
    }
}

void ScriptedChain::mine(std::vector<eth::Log> logs) {
    mine_at(in_seconds(clock_.now()), std::move(logs));
}

void ScriptedChain::mine_at(std::uint64_t timestamp, std::vector<eth::Log> logs) {
    Block block;
    const auto number = blocks_.size();
    block.header.number = {number};
    const auto name = "block " + std::to_string(number) + " " + std::to_string(++salt_);
    block.extra_data = Bytes(name.begin(), name.end());
    if (number > 0) {
        block.header.parent_hash = blocks_.back()->header.hash;
    }
    block.header.timestamp = timestamp;
    block.header.base_fee = base_fee;
    for (auto& log : logs) {
        eth::Receipt receipt;
        receipt.tx_hash = hash_of<TxHash>(name + " " + std::to_string(block.receipts.size()));
        receipt.success = true;
        receipt.logs.push_back(std::move(log));
        block.receipts.push_back(std::move(receipt));
    }
    take_from_pool(block);
    seal(block);
    blocks_.push_back(std::make_shared<const Block>(std::move(block)));
    final_ = std::max(final_, height() > finality_depth ? height() - finality_depth : 0);
}

void ScriptedChain::take_from_pool(Block& block) {
    for (auto entry = pool_.begin(); entry != pool_.end();) {
        const Tx& tx = entry->second;
        auto expected = blocks_.empty() ? 0 : nonce_after(blocks_, tx.from, blocks_.size() - 1);
        for (const auto& earlier : block.txs) {
            expected += earlier.from == tx.from ? 1 : 0;
        }
        if (tx.nonce < expected) {
            entry = pool_.erase(entry);
            continue;
        }
        if (tx.nonce > expected || tx.max_fee < base_fee) {
            ++entry;
            continue;
        }
        eth::Receipt receipt;
        receipt.tx_hash = tx.hash;
        receipt.from = tx.from;
        const bool late = late_reverts_left > 0 && reverts_late.contains(tx.data);
        late_reverts_left -= late ? 1 : 0;
        receipt.success = !reverts.contains(tx.data) && !late;
        receipt.gas_used = 50'000;
        if (!faults.no_price) {
            receipt.effective_gas_price = std::min(tx.max_fee, U256(base_fee + 100));
        }
        block.receipts.push_back(receipt);
        block.txs.push_back(tx);
        entry = pool_.erase(entry);
    }
}

void ScriptedChain::reorg(std::uint64_t depth, bool drop) {
    stale_ = blocks_;
    stale_calls_ = 30;
    stale_final_ = final_;
    if (respects_finality && has_finalized) {
        depth = std::min(depth, height() - final_);
    }
    for (std::uint64_t i = 0; i < depth; ++i) {
        for (const auto& tx : blocks_.back()->txs) {
            if (!drop) {
                pool_.insert_or_assign({tx.from, tx.nonce}, tx);
            }
        }
        blocks_.pop_back();
    }
}

void ScriptedChain::mine_foreign(const Address& wallet) {
    Tx tx;
    tx.from = wallet;
    tx.nonce = nonce_after(blocks_, wallet, height());
    tx.hash = hash_of<TxHash>("foreign " + std::to_string(++salt_));
    tx.max_fee = base_fee;
    tx.data = {0xfe};
    pool_.insert_or_assign({wallet, tx.nonce}, tx);
    mine();
}

std::vector<eth::Log> ScriptedChain::canonical_logs(const Address& contract) const {
    std::vector<eth::Log> out;
    for (const auto& block : blocks_) {
        auto some = ChainView::logs(*block, eth::LogFilter{{contract}, {}, {}});
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

std::size_t ScriptedChain::executed(const Bytes& data) const {
    std::size_t count = 0;
    for (const auto& block : blocks_) {
        for (const auto& tx : block->txs) {
            count +=
                tx.data == data && ChainView(blocks_, height(), {}, {}).receipt(tx.hash)->success ? 1 : 0;
        }
    }
    return count;
}

ChainId ScriptedChain::chain_id() {
    maybe_fail();
    return id;
}
BlockNum ScriptedChain::block_number() {
    return {node().head()};
}

std::optional<eth::Header> ScriptedChain::header(eth::BlockSpec block) {
    const auto* found = node().block(block);
    return found != nullptr ? std::optional(found->header) : std::nullopt;
}
std::optional<eth::Header> ScriptedChain::header(const BlockHash& hash) {
    const auto* found = node().block(hash);
    return found != nullptr ? std::optional(found->header) : std::nullopt;
}

std::vector<eth::Log> ScriptedChain::logs(BlockNum from, BlockNum to, const eth::LogFilter& filter) {
    const auto who = node();
    if (faults.no_logs || (faults.range_limit > 0 && to.value - from.value + 1 > faults.range_limit)) {
        throw eth::RpcError(-32602, "block range not allowed", {});
    }
    if (!emptied_ && chance(faults.empty_logs)) {
        emptied_ = true;
        return {};
    }
    emptied_ = false;
    return who.logs(from, to, filter);
}

std::vector<eth::Log> ScriptedChain::logs(const BlockHash& hash, const eth::LogFilter& filter) {
    const auto who = node();
    if (faults.no_logs) {
        throw eth::RpcError(-32601, "eth_getLogs is not supported", {});
    }
    const auto* block = who.block(hash);
    if (block == nullptr || (!emptied_ && chance(faults.empty_logs))) {
        emptied_ = true;
        return {};
    }
    emptied_ = false;
    return ChainView::logs(*block, filter);
}

std::vector<eth::Receipt> ScriptedChain::block_receipts(const BlockHash& hash) {
    maybe_trouble("eth_getBlockReceipts");
    const auto who = node();
    if (faults.no_receipts) {
        throw eth::RpcError(-32601, "eth_getBlockReceipts is not supported", {});
    }
    const auto* block = who.block(hash);
    return block != nullptr ? block->receipts : std::vector<eth::Receipt>{};
}

Bytes ScriptedChain::code(const Address& address, eth::BlockSpec block) {
    maybe_fail();
    // A node on a longer fork requests a number beyond this head.
    const auto* number = std::get_if<BlockNum>(&block);
    const auto* at = ChainView(blocks_, height(), final_, final_).block(block);
    const auto found = code_.find(address);
    const bool there = found != code_.end() && (number != nullptr || at != nullptr) &&
                       found->second <= (number != nullptr ? *number : at->header.number);
    return there ? Bytes{0x60} : Bytes{};
}

Bytes ScriptedChain::call(const eth::CallRequest& request, eth::BlockSpec) {
    maybe_fail();
    maybe_trouble("eth_call");
    if (reverts.contains(request.data) || (late_reverts_left > 0 && reverts_late.contains(request.data))) {
        throw eth::RpcError(3, "execution reverted", {});
    }
    if (request.gas && gas_of(request.data) > *request.gas) {
        throw eth::RpcError(-32000, "out of gas", {});
    }
    return {};
}
std::uint64_t ScriptedChain::estimate_gas(const eth::CallRequest& request) {
    maybe_fail();
    maybe_trouble("eth_estimateGas");
    if (reverts.contains(request.data)) {
        throw eth::RpcError(3, "execution reverted", {});
    }
    return gas_of(request.data);
}
U256 ScriptedChain::balance(const Address&, eth::BlockSpec) {
    maybe_fail();
    maybe_trouble("eth_getBalance");
    return wealth;
}

std::uint64_t ScriptedChain::transaction_count(const ChainView& view, const Address& address,
                                               const eth::BlockSpec& spec) const {
    auto count = view.transaction_count(address, spec);
    if (spec == eth::BlockSpec(eth::Tag::kPending)) {
        while (pool_.contains({address, count})) {
            ++count;
        }
    }
    return count;
}
std::uint64_t ScriptedChain::transaction_count(const Address& address, eth::BlockSpec block) {
    const auto who = node();
    return claimed_count ? *claimed_count : transaction_count(who, address, block);
}

U256 ScriptedChain::gas_price() {
    maybe_fail();
    maybe_trouble("eth_gasPrice");
    return base_fee + 100;
}

TxHash ScriptedChain::send_raw_transaction(BytesView raw) {
    maybe_fail();
    maybe_trouble("eth_sendRawTransaction");
    const auto signed_tx = *eth::decode_signed(raw);
    Tx tx{signed_tx.hash,    *eth::sender_of(signed_tx), signed_tx.tx.nonce,
          signed_tx.tx.data, signed_tx.tx.fee.max_fee,   signed_tx.tx.to};
    if (tx.nonce < nonce_after(blocks_, tx.from, height())) {
        throw refusal("nonce too low");
    }
    if (wealth < tx.max_fee * signed_tx.tx.gas_limit + signed_tx.tx.value) {
        throw refusal("insufficient funds for gas * price + value");
    }
    const auto same = pool_.find({tx.from, tx.nonce});
    if (same != pool_.end()) {
        if (same->second.hash == tx.hash) {
            throw refusal("already known");
        }
        if (tx.max_fee * 10 < same->second.max_fee * 11) {
            throw refusal("replacement transaction underpriced");
        }
    }
    pool_.insert_or_assign({tx.from, tx.nonce}, tx);
    if (chance(faults.lost_answer)) {
        throw net::TransportError(net::TransportError::Kind::kCut, "cut after sending");
    }
    return tx.hash;
}

std::optional<eth::Receipt> ScriptedChain::receipt(const TxHash& hash) {
    maybe_trouble("eth_getTransactionReceipt");
    if (faults.unreadable.contains(hash)) {
        throw eth::BadAnswer(200, "eth_getTransactionReceipt: result.logs: a log that cannot be read");
    }
    const auto who = node();
    if (denies_receipts || chance(faults.late_receipt)) {
        return std::nullopt;
    }
    const auto found = who.receipt(hash);
    return found && found->block.number.value < faults.hashes_forgotten_below ? std::nullopt : found;
}

std::optional<eth::TransactionInfo> ScriptedChain::transaction(const ChainView& view,
                                                               const TxHash& hash) const {
    const auto waiting = std::find_if(pool_.begin(), pool_.end(),
                                      [&](const auto& entry) { return entry.second.hash == hash; });
    if (waiting == pool_.end()) {
        return view.transaction(hash);
    }
    eth::TransactionInfo info;
    info.hash = hash;
    info.nonce = waiting->second.nonce;
    info.from = waiting->second.from;
    return info;
}
std::optional<eth::TransactionInfo> ScriptedChain::transaction(const TxHash& hash) {
    maybe_trouble("eth_getTransactionByHash");
    const auto found = transaction(node(), hash);
    const bool forgotten =
        found && found->block && found->block->number.value < faults.hashes_forgotten_below;
    return forgotten ? std::nullopt : found;
}
std::optional<eth::TransactionInfo> ScriptedChain::transaction(const eth::TxPlace& place) {
    maybe_trouble("eth_getTransactionByBlockHashAndIndex");
    return node().transaction(place.block, place.index);
}

void ScriptedChain::maybe_trouble(const std::string& method) const {
    if (const auto error = faults.own_error ? faults.own_error(method) : std::nullopt) {
        throw *error;
    }
}

}  // namespace lamda::simulator
