#include "ingest/backfill.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

#include "ingest/detail/backfill_window.hpp"
#include "ingest/proof/detail/log_check.hpp"
#include "net/http_message.hpp"

namespace lamda::ingest {

namespace {

constexpr std::size_t kWindows = 4;
constexpr std::size_t kSmallCalls = 24;  // headers and receipts in flight at once
constexpr std::uint64_t kBlocksByReceipts = 64;
constexpr unsigned kMostFailures = 12;
constexpr unsigned kFailuresInOnePlace = 3;
constexpr unsigned kMostRoundsAgain = 4;
constexpr Millis kLongestWait{1'000};

/// True if the failure is unrelated to the range size.
bool unrelated_to_size(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const net::TransportError& failure) {
        return failure.kind() == net::TransportError::Kind::kConnect;
    } catch (const eth::BadAnswer& answer) {
        return answer.retry_after().has_value();
    } catch (const std::exception&) {
        return false;
    }
}

bool is_refusal(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const eth::RpcError&) {
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace

Backfill::Backfill(rpcpool::MultiRpc& rpc, eth::LogFilter filter, const Clock& clock, bool verify)
    : rpc_(rpc), filter_(std::move(filter)), clock_(clock), verify_(verify) {}
Backfill::~Backfill() = default;

void Backfill::forget() {
    windows_.clear();
    asked_.clear();
    pending_.reset();
    failure_ = nullptr;
}

/// Chooses the best endpoint that has the block; endpoints that answer eth_getLogs come first.
std::size_t Backfill::choose(BlockNum block, std::optional<std::size_t> but_not) const {
    auto candidates = rpc_.endpoints().candidates();
    std::erase_if(candidates, [&](auto i) { return !rpc_.endpoints().checked(i); });
    if (candidates.empty()) {
        rpc_.endpoints().throw_no_endpoint(nullptr);
    }
    return *std::min_element(candidates.begin(), candidates.end(), [&](auto a, auto b) {
        const auto rank = [&](auto i) {
            return (rpc_.endpoints().may_have(i, block) ? 0 : 4) +
                   (rpc_.endpoints().answers_logs(i) ? 0 : 2) + (i == but_not ? 1 : 0);
        };
        return rank(a) < rank(b);
    });
}

bool Backfill::by_receipts(std::size_t endpoint) const {
    return verify_ || !rpc_.endpoints().answers_logs(endpoint);
}

/// Plans windows up to `to` and starts the first few. Windows at an endpoint in Retry-After start over.
void Backfill::plan(BlockNum to) {
    for (auto& window : windows_) {
        if (window->begun() && rpc_.endpoints().in_retry_after(window->endpoint)) {
            start_over(*window);
        }
    }
    auto at = windows_.begin();
    for (std::size_t i = 0; i < kWindows; ++i) {
        if (at == windows_.end()) {
            if (next_ > to) {
                return;
            }
            auto window = std::make_unique<Window>();
            window->from = next_;
            window->to = to;
            next_ = to.next();
            at = windows_.insert(windows_.end(), std::move(window));
        }
        if ((*at)->stage == Window::Stage::kPlanned) {
            begin(at);
        }
        ++at;
    }
}

/// Cuts the window to the size that its endpoint allows, and sends its first call.
void Backfill::begin(Windows::iterator at) {
    auto& window = **at;
    window.endpoint = choose(window.to, window.avoid);
    window.by_receipts = by_receipts(window.endpoint);
    if (window.by_receipts && !verify_ && window.blocks() > kMostByReceipts) {
        throw eth::RpcError(0,
                            "no endpoint answers eth_getLogs, and " + std::to_string(window.blocks()) +
                                " blocks are too many to read by their receipts (at most " +
                                std::to_string(kMostByReceipts) +
                                "): add an endpoint that answers eth_getLogs, or set a later start block",
                            {});
    }
    cut(at, window.by_receipts ? kBlocksByReceipts : rpc_.endpoints().window(window.endpoint));
    if (window.by_receipts) {
        window.stage = Window::Stage::kHeaders;
        for (auto block = window.from; block <= window.to; block = block.next()) {
            window.not_asked.push_back(block);
        }
    } else {
        window.stage = Window::Stage::kLogs;
        ask(window, eth::rpc_calls::logs(window.from, window.to, filter_, window.logs));
    }
}

/// Moves the rest of a cut window to a new window, or plans it again.
void Backfill::cut(Windows::iterator at, std::uint64_t most) {
    auto& window = **at;
    if (window.blocks() <= most) {
        return;
    }
    const auto last = window.from + (most - 1);
    if (std::next(at) == windows_.end()) {
        next_ = last.next();
    } else {
        auto rest = std::make_unique<Window>();
        rest->from = last.next();
        rest->to = window.to;
        windows_.insert(std::next(at), std::move(rest));
    }
    window.to = last;
}

void Backfill::ask(Window& window, eth::RpcCall rpc_call) {
    if (!pending_) {
        pending_ = std::make_unique<eth::PendingCalls>(rpc_.transport());
    }
    const auto id = pending_->ask(rpc_.endpoints().url(window.endpoint), rpc_.timeout(), std::move(rpc_call));
    window.under_way.insert(id);
    asked_.emplace(id, &window);
}

/// Call for a block's header or receipts, by stage.
eth::RpcCall Backfill::small_call(Window& window, BlockNum block) const {
    if (window.stage == Window::Stage::kReceipts) {
        return eth::rpc_calls::block_receipts(window.headers.at(block)->hash, window.receipts[block]);
    }
    auto& header = window.headers[block];
    return verify_ ? eth::rpc_calls::proven_header(block, header)
                   : eth::rpc_calls::header(eth::BlockSpec(block), header);
}

/// Sends header and receipt calls up to the limit, first windows first: these are delivered first.
void Backfill::pump() {
    for (auto& one : windows_) {
        auto& window = *one;
        while (!window.not_asked.empty() && asked_.size() < kSmallCalls + kWindows) {
            const auto block = window.not_asked.front();
            window.not_asked.pop_front();
            ask(window, small_call(window, block));
        }
    }
}

void Backfill::take(const eth::PendingCalls::Answered& answered) {
    const auto asked = asked_.extract(answered.id);
    auto& window = *asked.mapped();
    window.under_way.erase(answered.id);
    const bool in_logs = window.in_logs();
    if (answered.error) {
        failed(window, answered.error, in_logs);
        return;
    }
    try {
        if (in_logs) {
            take_logs(window, answered.bytes);
        } else if (window.all_here() && window.stage == Window::Stage::kHeaders) {
            headers_complete(window);
        }
        if (window.all_here() && window.stage == Window::Stage::kReceipts) {
            finish(window);
        }
    } catch (const std::exception&) {
        failed(window, std::current_exception(), in_logs);
    }
}

void Backfill::take_logs(Window& window, std::size_t bytes) {
    if (window.logs.empty() && window.stage == Window::Stage::kLogs) {
        // A node that lacks the blocks also answers "no logs": confirm once more, elsewhere if possible.
        window.stage = Window::Stage::kConfirm;
        const auto other = choose(window.to, window.endpoint);
        if (rpc_.endpoints().answers_logs(other) && rpc_.endpoints().may_have(other, window.to) &&
            rpc_.endpoints().window(other) >= window.blocks()) {
            window.endpoint = other;
        }
        ask(window, eth::rpc_calls::logs(window.from, window.to, filter_, window.logs));
        return;
    }
    rpc_.endpoints().range_answered(window.endpoint, window.blocks(), bytes);
    if (const auto refused = sort_and_check(window.logs, window.from, window.to, filter_)) {
        throw eth::BadAnswer(200, "eth_getLogs answered with " + *refused);
    }
    window.stage = Window::Stage::kHeaders;
    auto& blocks = window.not_asked;
    blocks.push_back(window.from);
    for (const auto& log : window.logs) {
        if (blocks.back() != log.block_num) {
            blocks.push_back(log.block_num);
        }
    }
    if (blocks.back() != window.to) {
        blocks.push_back(window.to);
    }
}

/// Requests absent headers again, and only those: nodes behind one address may lack a block, and a window of
/// many headers would seldom be complete. False: no header is absent, or the rounds are used up.
bool Backfill::ask_for_absent_headers(Window& window) {
    if (window.rounds_again == kMostRoundsAgain) {
        return false;
    }
    for (const auto& [block, header] : window.headers) {
        if (!header) {
            window.not_asked.push_back(block);
        }
    }
    window.rounds_again += window.not_asked.empty() ? 0 : 1;
    return !window.not_asked.empty();
}

void Backfill::headers_complete(Window& window) {
    if (ask_for_absent_headers(window)) {
        return;
    }
    const eth::Header* previous = nullptr;
    for (const auto& [block, header] : window.headers) {
        if (!header) {
            throw rpcpool::NotReadyYet("the node does not have block " + std::to_string(block.value));
        }
        if (previous != nullptr && previous->number.next() == header->number &&
            header->parent_hash != previous->hash) {
            throw rpcpool::NotReadyYet("block " + std::to_string(block.value) +
                                       " does not follow the one before it");
        }
        previous = &*header;
    }
    window.stage = Window::Stage::kReceipts;
    if (window.by_receipts) {
        for (const auto& [block, header] : window.headers) {
            if (may_match(header->logs_bloom, filter_)) {
                window.not_asked.push_back(block);
            }
        }
    }
}

void Backfill::finish(Window& window) {
    for (const auto& [block, receipts] : window.receipts) {
        auto logs = logs_of_receipts(*window.headers.at(block), receipts, filter_, verify_);
        window.logs.insert(window.logs.end(), std::make_move_iterator(logs.begin()),
                           std::make_move_iterator(logs.end()));
    }
    window.receipts.clear();
    for (const auto& log : window.logs) {
        if (window.headers.at(log.block_num)->hash != log.block_hash) {
            throw eth::BadAnswer(200, "eth_getLogs answered with a log of a block that is not block " +
                                          std::to_string(log.block_num.value) + " of the chain");
        }
    }
    rpc_.endpoints().answered(window.endpoint, std::nullopt);
    window.stage = Window::Stage::kDone;
}

void Backfill::failed(Window& window, const std::exception_ptr& error, bool in_logs) {
    auto& endpoints = rpc_.endpoints();
    const auto blocks = window.blocks();
    if (is_refusal(error)) {
        if (in_logs && blocks == 1) {
            endpoints.logs_refused(window.endpoint);
        }
    } else {
        try {
            std::rethrow_exception(error);
        } catch (const rpcpool::NotReadyYet&) {  // nodes of different heights behind one address:
                                                 // not a failure
        } catch (const std::exception& failure) {
            endpoints.failed(window.endpoint, failure);
        }
    }
    const bool smaller = in_logs && blocks > 1 && !unrelated_to_size(error);
    if (smaller) {
        endpoints.range_failed(window.endpoint, blocks);
    }
    window.avoid = window.endpoint;
    const bool elsewhere = choose(window.to, window.avoid) != window.endpoint;
    window.failures = smaller ? 0 : window.failures + 1;
    if (window.failures > (elsewhere ? kMostFailures : kFailuresInOnePlace)) {
        failure_ = error;
        return;
    }
    start_over(window);
}

void Backfill::start_over(Window& window) {
    for (const auto id : window.under_way) {
        pending_->cancel(id);
        asked_.erase(id);
    }
    window.under_way.clear();
    window.not_asked.clear();
    window.rounds_again = 0;
    window.logs.clear();
    window.headers.clear();
    window.receipts.clear();
    window.stage = Window::Stage::kPlanned;
}

BlocksRead Backfill::deliver(const std::optional<BlockRef>& after) {
    auto& window = *windows_.front();
    BlocksRead out;
    if (after && window.headers.at(window.from)->parent_hash != after->hash) {
        forget();
        out.fork = true;
        return out;
    }
    auto log = window.logs.begin();
    for (const auto& [block, header] : window.headers) {
        while (log != window.logs.end() && log->block_num < block) {
            ++log;
        }
        if (block == window.to || (log != window.logs.end() && log->block_num == block)) {
            out.headers.push_back(kept(*header));
        }
    }
    out.logs = std::move(window.logs);
    windows_.pop_front();
    return out;
}

BlocksRead Backfill::next(const std::optional<BlockRef>& after, BlockNum from, BlockNum to) {
    if (windows_.empty() || windows_.front()->from != from) {
        forget();
        next_ = from;
    }
    const auto deadline = clock_.steady() + kLongestWait;
    try {
        for (;;) {
            plan(to);
            pump();
            if (failure_) {
                std::rethrow_exception(failure_);
            }
            if (windows_.front()->stage == Window::Stage::kDone) {
                auto out = deliver(after);
                if (!out.fork) {
                    plan(to);  // the next windows are read while this one is applied
                    pump();
                }
                return out;
            }
            const auto answered = pending_->next(deadline);
            if (answered) {
                take(*answered);
            } else if (clock_.steady() >= deadline) {
                BlocksRead out;
                out.waiting = true;
                return out;
            }
        }
    } catch (...) {
        forget();
        throw;
    }
}

}  // namespace lamda::ingest
