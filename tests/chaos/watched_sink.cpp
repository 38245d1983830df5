#include "chaos/watched_sink.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lamda::chaos {

namespace {

using Kind = ingest::FinalityRule::Kind;

/// Lag of a stream that follows the head: its calls take time.
constexpr Millis kFollows{4'000};

}  // namespace

WatchedSink::WatchedSink(const Scenario& scenario, store::Database& database,
                         const simulator::ScriptedChain& chain, simulator::Miner& miner)
    : scenario_(scenario), database_(database), chain_(chain), miner_(miner), random_(scenario.seed) {}

void WatchedSink::begin(std::stop_source stop) {
    stop_ = std::move(stop);
    projector_ = std::make_unique<pgingest::Projector>(database_, scenario_.stream.name, rows_);
}

/// The faults of the database end with those of the network.
bool WatchedSink::chance(double share) {
    return share > 0 && !miner_.quiet() && std::uniform_real_distribution<>(0, 1)(random_) < share;
}

void WatchedSink::broke(const std::string& what) {
    if (broken_.empty()) {
        broken_ = what;
    }
    stop_.request_stop();
}

void WatchedSink::fail() {
    ++counts_.failures;
    switch (random_() % 3) {
        case 0:
            throw store::Unavailable("the database is unavailable");
        case 1:
            throw store::InDoubt("the connection was lost in COMMIT");
        default:
            throw std::runtime_error("another database error");
    }
}

/// Throws before, within or after the transaction, or not at all.
template <class Write>
void WatchedSink::with_luck(Write&& write) {
    if (chance(scenario_.sink_fails)) {
        switch (random_() % 3) {
            case 0:
                fail();
                return;
            case 1:
                ++counts_.failures;
                rows_.fail_next = true;
                write();
                throw std::logic_error("the transaction did not fail");
            default:
                write();
                fail();
        }
    }
    write();
}

std::optional<BlockRef> WatchedSink::stored_cursor() {
    return projector_->cursor();
}

std::optional<BlockRef> WatchedSink::cursor() {
    if (chance(scenario_.sink_fails)) {
        fail();
    }
    return projector_->cursor();
}

std::vector<ingest::BlockHeader> WatchedSink::recent_headers() {
    if (chance(scenario_.sink_fails)) {
        fail();
    }
    return projector_->recent_headers();
}

ingest::Watched WatchedSink::bind(const ingest::Watched& watched) {
    if (watched.chain != scenario_.stream.chain_id) {
        broke(fmt::format("the stream was bound to chain {}", watched.chain.value));
    }
    return projector_->bind(watched);
}

void WatchedSink::applied(const ingest::Batch& batch) {
    ++counts_.batches;
    for (const auto& log : batch.logs) {
        const bool old = (last_ && log.block_num <= *last_) || log.block_num > batch.to.number;
        if (old || log.block_num < scenario_.first_block()) {
            broke(fmt::format("a log of block {} in the batch from {} to {}", log.block_num.value,
                              last_ ? last_->value : 0, batch.to.number.value));
        }
        stored_.insert_or_assign(log.block_num, log.block_hash);
    }
    last_ = batch.to.number;
    check(rows_.last_state);
    after_commit(batch.to.number);
}

void WatchedSink::apply(const ingest::Batch& batch) {
    if (batch.from && chance(scenario_.rivals)) {
        pgingest::Projector rival(database_, scenario_.stream.name, rows_);
        rival.apply(batch);
        ++counts_.rivals;
        applied(batch);
        projector_->apply(batch);
        broke("a batch was applied twice: another writer had applied it before");
        return;
    }
    with_luck([&] {
        projector_->apply(batch);
        applied(batch);
    });
}

void WatchedSink::unwind(const ingest::Unwind& unwind) {
    with_luck([&] {
        projector_->unwind(unwind);
        ++counts_.unwinds;
        counts_.deepest_unwind =
            std::max(counts_.deepest_unwind, unwind.from.number.value - unwind.to.number.value);
        if (unwind.to.number < final_reported_) {
            broke(fmt::format("unwound to block {}, although block {} was reported as final",
                              unwind.to.number.value, final_reported_.value));
        }
        stored_.erase(stored_.upper_bound(unwind.to.number), stored_.end());
        last_ = unwind.to.number;
        check(rows_.last_state);
        after_commit(unwind.to.number);
    });
}

void WatchedSink::boundary(BlockNum boundary, BlockNum finalized) {
    with_luck([&] {
        projector_->boundary(boundary, finalized);
        check(rows_.last_state);
        after_commit(last_.value_or(BlockNum{}));
    });
}

/// Checks that the consumer may act on blocks up to the boundary, by its rule.
void WatchedSink::check_boundary(BlockNum boundary) {
    const auto& rule = scenario_.stream.finality;
    const auto interval = scenario_.miner.interval;
    const auto older_by = [&](Millis depth) {
        // Block times are whole seconds: a block may look up to a second older than it is.
        const auto least =
            static_cast<std::uint64_t>(std::max<std::int64_t>((depth.count() - 1'000) / interval.count(), 0));
        return boundary.value + least <= highest_;
    };
    const auto depth = (scenario_.finality_depth + 1) / 2;
    const bool allowed = boundary.value <= chain_.finalized() ||
                         (rule.fallback && older_by(*rule.fallback)) ||
                         (rule.kind == Kind::kLatest && boundary.value <= highest_) ||
                         (rule.kind == Kind::kSafe && boundary.value + depth <= highest_) ||
                         (rule.kind == Kind::kDepth && older_by(rule.depth));
    if (!allowed) {
        broke(fmt::format("the boundary was reported at block {}, when {} was final and {} the head",
                          boundary.value, chain_.finalized(), highest_));
    }
}

void WatchedSink::check(const pgingest::StreamState& state) {
    highest_ = std::max(highest_, chain_.height());
    if (!violated_.empty()) {
        return;
    }
    if (state.finalized.value > chain_.finalized() && scenario_.has_finalized) {
        broke(fmt::format("block {} was reported as final, when {} was", state.finalized.value,
                          chain_.finalized()));
    }
    check_boundary(state.boundary);
    const auto& rule = scenario_.stream.finality;
    const auto sure = rule.kind == Kind::kFinalized && !rule.fallback
                          ? std::max(state.finalized, state.boundary)
                          : state.finalized;
    for (auto at = stored_.upper_bound(checked_); at != stored_.end() && at->first <= sure; ++at) {
        if (chain_.at(at->first.value).hash != at->second) {
            broke(fmt::format("block {} was reported as final, and is not canonical", at->first.value));
        }
        checked_ = at->first;
    }
    final_reported_ = std::max(final_reported_, state.finalized);
}

/// Injects the faults planned for this moment.
void WatchedSink::after_commit(BlockNum cursor) {
    const auto end = scenario_.miner.end_height;
    if (scenario_.violates_finality) {
        const auto deep = final_reported_.value > scenario_.first_block().value + 6 &&
                          cursor.value > scenario_.miner.backlog;
        if (violated_.empty() && deep) {
            violated_ = chain_.branch();
            const auto below = final_reported_.value - 1 - random_() % 5;
            miner_.reorg(chain_.height() - below);
        }
    } else if (cursor.value >= end && miner_.quiet()) {
        const auto top = scenario_.stream.only_final ? chain_.finalized() : chain_.height();
        const auto slack = static_cast<std::uint64_t>(kFollows / scenario_.miner.interval);
        if (cursor.value + slack >= top) {
            finished_ = true;
            stop_.request_stop();
        }
    }
    if (!finished_ && chance(scenario_.restarts)) {
        ++counts_.restarts;
        stop_.request_stop();
    }
}

}  // namespace lamda::chaos
