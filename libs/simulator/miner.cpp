#include "simulator/miner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lamda::simulator {

namespace {
const Address kElsewhere = *Address::parse("0x2000000000000000000000000000000000000002");
const Topic kOtherTopic = *Topic::parse("0x" + std::string(64, 'b'));
}  // namespace

Miner::Miner(ScriptedChain& chain, const Clock& clock, MinerPlan plan)
    : chain_(chain), plan_(plan), start_(clock.now()), random_(plan.seed) {
    while (chain_.height() < plan_.backlog) {
        mine(random_logs());
    }
}

std::uint64_t Miner::pick(std::uint64_t most) {
    return random_() % (most + 1);
}

bool Miner::chance(double share) {
    return static_cast<double>(random_() >> 11U) * 0x1.0p-53 < share;
}

Millis Miner::quiet_after() const {
    return plan_.interval * (plan_.end_height - std::min(plan_.end_height, plan_.backlog));
}

/// Each log has unique data, so that a moved log can be identified.
eth::Log Miner::log(const Address& address, const Topic& topic) {
    eth::Log out;
    out.address = address;
    out.topics = {topic};
    const auto number = to_be32(U256(++serial_));
    out.data.assign(number.begin(), number.end());
    return out;
}

Miner::BlockLogs Miner::random_logs() {
    BlockLogs out;
    if (chain_.height() + 1 < plan_.contract_since) {
        return out;
    }
    const auto ours = chance(plan_.ours) ? 1 + pick(2) : 0;
    const auto others = chance(plan_.noise) ? 1 + pick(2) : 0;
    for (std::uint64_t i = 0; i < ours; ++i) {
        out.push_back(log(plan_.contract, plan_.topic));
    }
    for (std::uint64_t i = 0; i < others; ++i) {
        out.push_back(chance(0.5) ? log(kElsewhere, plan_.topic) : log(plan_.contract, kOtherTopic));
    }
    std::shuffle(out.begin(), out.end(), random_);
    return out;
}

void Miner::mine(BlockLogs logs) {
    const auto number = static_cast<std::int64_t>(chain_.height() + 1);
    const auto after = plan_.interval * (number - static_cast<std::int64_t>(plan_.backlog));
    const auto time = std::chrono::floor<std::chrono::seconds>(start_ + after);
    chain_.mine_at(static_cast<std::uint64_t>(time.time_since_epoch().count()), std::move(logs));
}

void Miner::run_until(Timestamp now) {
    const auto passed = now - start_;
    const auto due =
        plan_.backlog + static_cast<std::uint64_t>(std::max<std::int64_t>(passed / plan_.interval, 0));
    while (chain_.height() < due) {
        if (quiet()) {
            mine({});
        } else {
            maybe_reorg();
            mine(random_logs());
        }
    }
}

void Miner::maybe_reorg() {
    if (!chance(plan_.reorg) || plan_.deepest == 0) {
        return;
    }
    // Deep reorgs are rarer.
    auto depth = 1 + pick(chance(0.3) ? plan_.deepest - 1 : std::min<std::uint64_t>(plan_.deepest - 1, 3));
    const auto finalized = chain_.has_finalized ? chain_.finalized() : 0;
    depth = std::min(depth, chain_.height() - std::min(chain_.height(), finalized));
    if (depth > 0) {
        reorg(depth);
    }
}

std::vector<Miner::BlockLogs> Miner::shuffled(std::uint64_t depth) {
    std::vector<BlockLogs> out(depth);
    const auto lowest = chain_.height() - depth + 1;
    const auto first = plan_.contract_since > lowest ? plan_.contract_since - lowest : 0;
    for (std::uint64_t i = 0; i < depth; ++i) {
        for (const auto& receipt : chain_.branch().at(lowest + i)->receipts) {
            for (const auto& one : receipt.logs) {
                const auto choice = pick(9);
                if (choice > 1) {
                    out[choice > 4 ? i : std::max(first, pick(depth - 1))].push_back(one);
                }
            }
        }
    }
    for (std::uint64_t i = first; i < depth; ++i) {
        auto& logs = out[i];
        if (chance(0.2)) {
            const auto more = random_logs();
            logs.insert(logs.end(), more.begin(), more.end());
        }
        if (chance(0.5)) {
            std::shuffle(logs.begin(), logs.end(), random_);
        }
    }
    return out;
}

void Miner::reorg(std::uint64_t depth) {
    auto logs = shuffled(depth);
    chain_.reorg(depth);
    ++reorgs_;
    deepest_ = std::max(deepest_, depth);
    // As long as the old branch, or a block shorter: then the head goes back for a moment.
    const auto blocks = logs.size() - (logs.size() > 1 && chance(0.2) ? 1 : 0);
    for (std::size_t i = 0; i < blocks; ++i) {
        mine(std::move(logs[i]));
    }
    if (trace) {
        trace(fmt::format("reorg of {} blocks: head is {} now", depth, chain_.height()));
    }
}

}  // namespace lamda::simulator
