#include "ingest/detail/stream_reader.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "ingest/detail/identity.hpp"
#include "ingest/detail/start_block.hpp"

namespace lamda::ingest {

namespace {

/// Number of final blocks in one batch when blocks are read one by one.
constexpr std::uint64_t kFinalBlocksAtOnce = 64;
/// The head and its finality are read again after this time.
constexpr Millis kLongestStep{1'000};
/// Polls that must show a reorg below finality before the stream stops: a node may lie or be forked.
constexpr unsigned kViolationsToBelieve = 3;
constexpr Millis kViolationLasts{10'000};
constexpr unsigned kContradictionsToBelieve = 3;
/// A node with an older head lags: its answers do not contradict the configuration, for up to kDoubtAtMost.
constexpr Millis kYoungHead{30'000};
constexpr Millis kDoubtAtMost{120'000};
/// The stream waits for a start block that is at most this far above the head.
constexpr std::uint64_t kStartsSoon = 1'000;
constexpr Millis kLagReportedAfter{10'000};

double gauge_value(BlockNum number) {
    return static_cast<double>(number.value);
}

}  // namespace

StreamReader::StreamReader(const StreamConfig& config, rpcpool::MultiRpc& rpc, StreamSink& sink,
                           const Clock& clock, const telemetry::Log& log, telemetry::Metrics& metrics)
    : config_(config),
      rpc_(rpc),
      sink_(sink),
      clock_(clock),
      log_(log),
      finality_(config.finality, rpc, clock),
      reader_(rpc, eth::LogFilter{config.contracts, config.topics, {}}, config.verify_receipts),
      backfill_(rpc, eth::LogFilter{config.contracts, config.topics, {}}, clock, config.verify_receipts),
      head_gauge_(metrics.gauge("lamda_chain_head_block", "Newest block seen", {{"stream", config.name}})),
      cursor_gauge_(
          metrics.gauge("lamda_chain_cursor_block", "Last block applied", {{"stream", config.name}})),
      boundary_gauge_(metrics.gauge("lamda_chain_boundary_block",
                                    "Blocks up to here fulfil the finality rule", {{"stream", config.name}})),
      reorgs_(metrics.counter("lamda_chain_reorgs_total", "Unwinds of applied blocks",
                              {{"stream", config.name}})),
      logs_(metrics.counter("lamda_chain_logs_total", "Logs applied", {{"stream", config.name}})),
      violations_total_(metrics.counter("lamda_chain_finality_violations_total",
                                        "Reorgs below a final block, each of which stopped the stream",
                                        {{"stream", config.name}})) {}

void StreamReader::forget() {
    open_ = false;
    recent_headers_.clear();
    last_reported_.reset();
    backfill_.forget();
}

/// Checks that chain, contracts and database belong together; once in a process run.
void StreamReader::check_identity() {
    try {
        check_contracts(config_, rpc_, *chain_, head_);
    } catch (const rpcpool::ConfigContradiction& error) {
        doubt(error);
    }
    check_binding(config_, rpc_, sink_, *chain_);
    checked_ = true;
}

/// Handles a contradiction of the configuration. A node that lags behind the contract's creation or the start
/// block causes the same error. @throws `error` when it is confirmed, else NotReadyYet
void StreamReader::doubt(const rpcpool::ConfigContradiction& error) {
    if (!doubt_since_) {
        doubt_since_ = clock_.steady();
    }
    const bool young = clock_.now() - from_unix_seconds(head_.timestamp) <= kYoungHead;
    const bool lasts = clock_.steady() - *doubt_since_ > kDoubtAtMost;
    if (++contradictions_ >= kContradictionsToBelieve && (young || lasts)) {
        throw error;
    }
    throw rpcpool::NotReadyYet(error.what());
}

void StreamReader::open() {
    if (const auto earlier = rpc_.header(eth::BlockSpec(head_.number - 128))) {
        interval_.observe(earlier->number, earlier->timestamp);
    }
    cursor_ = sink_.cursor();
    recent_headers_.clear();
    for (auto& header : sink_.recent_headers()) {
        if (cursor_ && header.ref.number <= cursor_->number) {
            recent_headers_.insert_or_assign(header.ref.number, header);
        }
    }
    if (cursor_) {
        recent_headers_[cursor_->number].ref = *cursor_;
        // Headers are pruned only below finality.
        finality_.raise_floor(recent_headers_.begin()->first);
    }
    open_ = true;
}

/// Starts a new stream with an empty batch that sets the cursor to the block before the first one, or to a
/// final block below it, so that every later block can be unwound.
void StreamReader::place_cursor() {
    if (config_.start_block > head_.number && config_.start_block <= head_.number + kStartsSoon) {
        throw rpcpool::NotReadyYet("the start block " + std::to_string(config_.start_block->value) +
                                   " does not exist yet, the head is " + std::to_string(head_.number.value));
    }
    const auto start = find_start_block(config_, rpc_, head_);
    if (start.value == 0) {
        return;
    }
    const auto anchor = rpc_.header(eth::BlockSpec(std::min(start - 1, finality_.finalized())));
    if (!anchor) {
        throw rpcpool::NotReadyYet("the node does not have the block before the start block");
    }
    Batch batch;
    batch.to = anchor->ref();
    batch.start = start;
    batch.to_timestamp = anchor->timestamp;
    batch.headers.push_back({anchor->ref(), anchor->parent_hash, anchor->timestamp});
    sink_.apply(batch);
    cursor_ = batch.to;
    recent_headers_.insert_or_assign(batch.to.number, batch.headers.front());
    log_.info("stream started", {{"stream", config_.name}, {"start_block", start.value}});
}

void StreamReader::confirm_recent() {
    for (const auto* named : {&finality_.finalized_header(), &finality_.boundary_header()}) {
        if (*named) {
            const auto ours = recent_headers_.find((*named)->number);
            if (ours != recent_headers_.end()) {
                finality_.confirm(ours->second.ref);
            }
        }
    }
    if (cursor_) {
        finality_.confirm(*cursor_);
    }
}

BlockNum StreamReader::reported_boundary() const {
    return config_.finality.kind == FinalityRule::Kind::kLatest && cursor_ ? cursor_->number
                                                                           : finality_.boundary();
}

/// True when the header differs from our block of the same height.
bool StreamReader::contradicts(const std::optional<eth::Header>& header) const {
    if (!header) {
        return false;
    }
    const auto ours = recent_headers_.find(header->number);
    return ours != recent_headers_.end() && ours->second.ref.hash != header->hash;
}

/// Notes a head below the cursor: the node lags. After kLagReportedAfter this is the stream's error.
void StreamReader::notice_lag() {
    if (!cursor_ || head_.number >= cursor_->number) {
        behind_since_.reset();
        return;
    }
    if (!behind_since_) {
        behind_since_ = clock_.steady();
    }
    if (clock_.steady() - *behind_since_ > kLagReportedAfter) {
        last_error_ = "the node is at block " + std::to_string(head_.number.value) +
                      ", behind the last block read, " + std::to_string(cursor_->number.value);
    }
}

StreamReader::Progress StreamReader::unwind() {
    std::optional<BlockRef> common;
    for (auto ours = recent_headers_.rbegin(); ours != recent_headers_.rend() && !common; ++ours) {
        const auto theirs = rpc_.header(eth::BlockSpec(ours->first));
        if (theirs && theirs->hash == ours->second.ref.hash) {
            common = ours->second.ref;
        }
    }
    const auto floor = finality_.floor();
    if (!common && floor < recent_headers_.begin()->first) {
        // The first block of the stream is not canonical either, and none of our blocks was final yet.
        if (const auto lower =
                rpc_.header(eth::BlockSpec(std::max(floor, recent_headers_.begin()->first - 64)))) {
            common = lower->ref();
        }
    }
    if (common && common->number >= floor) {
        no_violation();
        if (*common == *cursor_) {
            return Progress::kWaiting;  // nodes differ: one has our block, another builds on a different one
        }
        crash_point("stream.walked_back");
        sink_.unwind({*cursor_, *common});
        log_.warn("reorg", {{"stream", config_.name},
                            {"from_block", cursor_->number.value},
                            {"to_block", common->number.value},
                            {"depth", cursor_->number.value - common->number.value}});
        reorgs_.add();
        cursor_ = *common;
        finality_.unwound(common->number);
        last_reported_.reset();
        recent_headers_.erase(recent_headers_.upper_bound(common->number), recent_headers_.end());
        cursor_gauge_.set(gauge_value(cursor_->number));
        return Progress::kMoved;
    }
    return violation();
}

/// Handles a reorg below finality. A node left on an old fork shows the same until it recovers, so the reorg
/// counts only when the other chain grows and is seen for kViolationLasts.
StreamReader::Progress StreamReader::violation() {
    const auto text = "the chain was reorganised below block " + std::to_string(finality_.floor().value) +
                      ", which was final; nothing was deleted";
    last_error_ = text;
    if (head_.number < highest_head_) {
        return Progress::kWaiting;
    }
    if (!violated_since_) {
        violated_since_ = clock_.steady();
    }
    if (++violations_ < kViolationsToBelieve || clock_.steady() - *violated_since_ < kViolationLasts) {
        return Progress::kWaiting;
    }
    if (!violation_counted_) {
        violation_counted_ = true;
        violations_total_.add();
    }
    throw FinalityViolated(text);
}

void StreamReader::no_violation() {
    violations_ = 0;
    violated_since_.reset();
    violation_counted_ = false;
}

BlocksRead StreamReader::read(BlockNum next, BlockNum target) {
    const auto final_to = std::min(finality_.finalized(), target);
    const auto settled_to = std::min(final_to, head_.number - rpcpool::kSettledDepth);
    if (next < settled_to) {
        return backfill_.next(cursor_, next, settled_to);
    }
    // Above finality each block is a batch of its own.
    const auto to = next <= final_to ? std::min(final_to, next + (kFinalBlocksAtOnce - 1)) : next;
    return reader_.one_by_one(cursor_, next, to, head_);
}

/// Applies blocks. False: they belong to another fork than the known final block; nothing was applied.
bool StreamReader::apply(BlocksRead read, BlockNum target) {
    if (std::any_of(read.headers.begin(), read.headers.end(),
                    [&](const auto& header) { return finality_.contradicts(header.ref); })) {
        return false;
    }
    for (const auto& header : read.headers) {
        finality_.confirm(header.ref);
    }
    Batch batch;
    batch.from = cursor_;
    if (!cursor_) {
        batch.start = BlockNum{0};  // otherwise place_cursor() has sent the first batch
    }
    batch.to = read.headers.back().ref;
    batch.to_timestamp = read.headers.back().timestamp;
    batch.logs = std::move(read.logs);
    if (config_.start_block) {
        std::erase_if(batch.logs, [&](const eth::Log& log) { return log.block_num < *config_.start_block; });
    }
    // Below finality only the headers of blocks with logs are kept, and the last one: the cursor.
    auto with_logs = batch.logs.begin();
    for (const auto& header : read.headers) {
        while (with_logs != batch.logs.end() && with_logs->block_num < header.ref.number) {
            ++with_logs;
        }
        const bool has_logs = with_logs != batch.logs.end() && with_logs->block_num == header.ref.number;
        if (has_logs || header.ref.number >= finality_.finalized() || header.ref == batch.to) {
            batch.headers.push_back(header);
        }
    }
    cursor_ = batch.to;
    batch.boundary = reported_boundary();
    batch.finalized = finality_.floor();
    batch.caught_up = batch.to.number == target;
    batch.is_history = batch.to.number < std::min(finality_.finalized(), target);
    crash_point("stream.read");
    sink_.apply(batch);

    no_violation();
    logs_applied_ += batch.logs.size();
    logs_.add(static_cast<double>(batch.logs.size()));
    last_reported_ = std::pair{batch.boundary, batch.finalized};
    for (const auto& header : batch.headers) {
        recent_headers_.insert_or_assign(header.ref.number, header);
    }
    // Keep the highest header at or below finality: a walk back must not go below it.
    auto lowest_kept = recent_headers_.upper_bound(finality_.floor());
    if (lowest_kept != recent_headers_.begin()) {
        recent_headers_.erase(recent_headers_.begin(), std::prev(lowest_kept));
    }
    cursor_gauge_.set(gauge_value(cursor_->number));
    boundary_gauge_.set(gauge_value(batch.boundary));
    return true;
}

StreamReader::Progress StreamReader::advance(BlockNum target) {
    const auto began = clock_.steady();
    for (unsigned batches = 0; batches == 0 || clock_.steady() - began < kLongestStep; ++batches) {
        const auto next = cursor_ ? cursor_->number.next() : BlockNum{0};
        if (next > target) {
            caught_up_ = true;
            return Progress::kNewBlock;
        }
        auto got = read(next, target);
        if (got.fork) {
            return unwind();
        }
        if (got.waiting) {
            return batches > 0 ? Progress::kMoved : Progress::kReading;
        }
        if (got.headers.empty()) {
            return batches > 0 ? Progress::kMoved : Progress::kWaiting;
        }
        // The last batch of final blocks must end in the known final block, unless far below it.
        const auto final_to = std::min(target, finality_.finalized());
        const bool cut_short = config_.only_final && got.headers.back().ref.number < final_to &&
                               final_to.value - next.value < kFinalBlocksAtOnce;
        if (cut_short || !apply(std::move(got), target)) {
            return Progress::kWaiting;
        }
    }
    return Progress::kMoved;
}

StreamReader::Progress StreamReader::idle() {
    // A head below the cursor is lag: the stream is not caught up while the newest blocks are not visible.
    if (!config_.only_final && head_.number < cursor_->number) {
        return Progress::kWaiting;
    }
    no_violation();
    const auto current = std::pair{reported_boundary(), finality_.floor()};
    if (!last_reported_ || *last_reported_ != current || !caught_up_) {
        sink_.boundary(current.first, current.second);
        last_reported_ = current;
        boundary_gauge_.set(gauge_value(current.first));
    }
    caught_up_ = true;
    return Progress::kNothing;
}

StreamReader::Progress StreamReader::step() {
    rpc_.probe();
    if (!chain_) {
        chain_ = check_chain(config_, rpc_);
    }
    const auto head = rpc_.header(eth::BlockSpec(eth::Tag::kLatest));
    if (!head) {
        throw eth::BadAnswer(200, "the node names no latest block");
    }
    head_ = *head;
    highest_head_ = std::max(highest_head_, head_.number);
    if (!checked_) {
        check_identity();
    }
    if (!open_) {
        open();
    }
    head_gauge_.set(gauge_value(head_.number));
    interval_.observe(head_.number, head_.timestamp);
    last_error_ = finality_.poll_once(head_, interval_.get());
    notice_lag();
    if (!cursor_) {
        try {
            place_cursor();
        } catch (const rpcpool::ConfigContradiction& error) {
            doubt(error);
        }
    }
    if (contradicts(head_) || contradicts(finality_.finalized_header()) ||
        contradicts(finality_.boundary_header())) {
        return unwind();
    }
    confirm_recent();
    if (config_.only_final && !finality_.boundary_header()) {
        return Progress::kWaiting;
    }
    const auto target =
        config_.only_final ? std::min(finality_.boundary_header()->number, head_.number) : head_.number;
    return !cursor_ || cursor_->number < target ? advance(target) : idle();
}

}  // namespace lamda::ingest
