#include "ingest/audit/audit.hpp"
#include "rpcpool/errors.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "ingest/backfill.hpp"
#include "ingest/detail/start_block.hpp"
#include "ingest/proof/proven_logs.hpp"
#include "rpcpool/witnesses.hpp"

namespace lamda::ingest {

namespace {

constexpr std::uint64_t kMostByReceipts = 64;  // blocks in one range, where it takes a header for each
constexpr Millis kPatience{60'000};            // for one range
constexpr int kTries = 4;                      // before a difference is left as it is
constexpr Millis kSettlePatience{5 * 60'000};  // if an endpoint does not answer that might prove it

/// What the endpoints prove of a block.
struct BlockProof {
    Result<BlockView> proven;
    bool complete;  ///< each endpoint that is not on another chain has answered
};

/// The endpoint has said what it has to say, even if that is an error.
bool answered(const std::exception& error) {
    return dynamic_cast<const eth::RpcError*>(&error) != nullptr ||
           dynamic_cast<const rpcpool::NotReadyYet*>(&error) != nullptr;
}

}  // namespace

struct Audit::Impl {
    StreamConfig config;
    eth::LogFilter filter;
    Millis pace;
    rpcpool::MultiRpc& rpc;
    AuditSink& sink;
    const Clock& clock;
    telemetry::Log log;
    rpcpool::Witnesses endpoints;
    telemetry::Gauge at_block;
    telemetry::Counter logs_compared;
    telemetry::Counter logs_repaired;
    telemetry::Counter blocks_unsettled;
    std::optional<BlockNum> start;
    std::size_t turn = 0;
    int tries = 0;                       ///< at the present range, to settle what differs
    std::optional<Steady> trying_since;  ///< since when `tries` counts
    std::string told;                    ///< the trouble that was logged last

    Impl(StreamConfig c, Millis p, rpcpool::MultiRpc& r, AuditSink& s, const Clock& time, telemetry::Log l,
         telemetry::Metrics& metrics)
        : config(std::move(c)),
          filter{config.contracts, config.topics, {}},
          pace(p),
          rpc(r),
          sink(s),
          clock(time),
          log(std::move(l)),
          endpoints(r, time),
          at_block(metrics.gauge("lamda_chain_sweep_block", "Blocks up to here were read again and compared",
                                 labels())),
          logs_compared(
              metrics.counter("lamda_chain_sweep_logs_total", "Logs read again and compared", labels())),
          logs_repaired(metrics.counter("lamda_chain_sweep_repaired_total",
                                        "Logs that were missing, surplus or other than on chain", labels())),
          blocks_unsettled(metrics.counter("lamda_chain_sweep_unsettled_total",
                                           "Blocks whose difference to the chain could not be settled",
                                           labels())) {}

    telemetry::Labels labels() const { return {{"stream", config.name}}; }

    /// Those that may be asked, the stream's own last; the others take turns.
    std::vector<std::size_t> order() {
        auto out = endpoints.candidates();
        if (out.size() > 1) {
            std::rotate(out.begin(), out.begin() + 1, out.end());
            const auto others = out.size() - 1;
            std::rotate(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(turn++ % others),
                        out.end() - 1);
        }
        return out;
    }

    void tell(const std::string& last_error) {
        if (last_error != told) {
            told = last_error;
            if (!last_error.empty()) {
                log.warn("sweep waits", {{"stream", config.name}, {"reason", last_error}});
            }
        }
    }

    BlockNum start_block() {
        if (!start && config.start_block) {
            start = config.start_block;
        }
        if (!start) {
            const auto head = rpc.header(eth::BlockSpec(eth::Tag::kLatest));
            if (!head) {
                throw rpcpool::NotReadyYet("the node names no latest block");
            }
            start = find_start_block(config, rpc, *head);
        }
        return *start;
    }

    /// As many blocks as one question may span there. Absent: stopped.
    std::optional<RangeSnapshot> read(rpcpool::MultiRpc& endpoint, BlockNum first, BlockNum final,
                                      const std::stop_token& stop) {
        if (!endpoint.header(eth::BlockSpec(final))) {
            throw rpcpool::NotReadyYet(endpoint.name() + " lacks block " + std::to_string(final.value));
        }
        const auto most =
            endpoint.endpoints().answers_logs(0) ? endpoint.endpoints().window(0) : kMostByReceipts;
        const auto to = std::min(final, first + (most - 1));
        Backfill backfill(endpoint, filter, clock, false);
        const auto deadline = clock.steady() + kPatience;
        while (!stop.stop_requested()) {
            auto got = backfill.next(std::nullopt, first, to);
            if (got.waiting) {
                if (clock.steady() > deadline) {
                    throw rpcpool::NotReadyYet(endpoint.name() + " does not answer");
                }
                continue;
            }
            RangeSnapshot out;
            out.first = first;
            out.blocks.to = got.headers.back().ref;
            out.blocks.to_timestamp = got.headers.back().timestamp;
            out.blocks.headers = std::move(got.headers);
            out.blocks.logs = std::move(got.logs);
            out.blocks.boundary = out.blocks.finalized = out.blocks.to.number;
            return out;
        }
        return std::nullopt;
    }

    /// From the first endpoint that can be read.
    std::optional<RangeSnapshot> read_anywhere(BlockNum first, const AuditState& state,
                                               const std::stop_token& stop) {
        endpoints.open(state.chain);
        std::string last_error = "no endpoint may be asked now";
        for (const auto i : order()) {
            try {
                return read(endpoints.at(i), first, state.final, stop);
            } catch (const std::exception& error) {
                last_error = error.what();
            }
        }
        tell(last_error);
        return std::nullopt;
    }

    /// Where the next range begins. Absent: not to be found out now.
    std::optional<BlockNum> next(const AuditState& state) {
        if (state.upto) {
            return state.upto->next();
        }
        try {
            return start_block();
        } catch (const std::exception& error) {
            tell(error.what());
            return std::nullopt;
        }
    }

    BlockProof ask_all(BlockNum block) {
        std::vector<BlockView> views;
        std::string last_error;
        const auto asked = order();
        auto answers = asked.size();
        for (const auto i : asked) {
            try {
                if (auto view = view_block(endpoints.at(i), block, filter)) {
                    views.push_back(std::move(*view));
                }
            } catch (const std::exception& error) {
                answers -= answered(error) ? 0 : 1;
                last_error = endpoints.at(i).name() + ": " + error.what();
                log.debug("an endpoint proves nothing", {{"stream", config.name},
                                                         {"block", block.value},
                                                         {"endpoint", endpoints.at(i).name()},
                                                         {"reason", error.what()}});
            }
        }
        const auto all = endpoints.usable();
        if (views.empty() && !last_error.empty()) {
            return {Error{"unproven", "no endpoint can prove what it says of the block; " + last_error, ""},
                    answers >= all};
        }
        return {settle(views, all), answers >= all};
    }

    /// A difference is left only when all who might know have been heard, or are away for too long.
    bool give_up(bool complete) {
        ++tries;
        if (!trying_since) {
            trying_since = clock.steady();
        }
        return tries >= kTries && (complete || clock.steady() - *trying_since > kSettlePatience);
    }

    struct Settled {
        std::string why_not;  ///< empty: the difference is gone
        bool complete = true;
    };
    Settled settle_block(BlockNum block) {
        auto testimony = ask_all(block);
        auto& proven = testimony.proven;
        if (!proven) {
            return {proven.error().message, testimony.complete};
        }
        RangeSnapshot again;
        again.first = block;
        again.blocks.to = proven->header.ref;
        again.blocks.to_timestamp = proven->header.timestamp;
        again.blocks.headers = {proven->header};
        again.blocks.logs = std::move(proven->logs);
        again.blocks.boundary = again.blocks.finalized = block;
        try {
            crash_point("sweep.before_repair");
            const auto done = sink.repair(again);
            if (done.logs > 0) {
                logs_repaired.add(static_cast<double>(done.logs));
                log.error("rows were not the chain's, and are repaired",
                          {{"stream", config.name}, {"block", block.value}, {"logs", done.logs}});
            }
            return {done.left.logs == 0 ? "" : "what the rows say has had effects that cannot be taken back"};
        } catch (const FinalityViolated& error) {
            return {error.what()};
        }
    }

    Step step(const std::stop_token& stop) {
        const auto state = sink.state();
        if (!state) {
            return Step::kNothing;
        }
        const auto first = next(*state);
        if (first && *first > state->final) {
            return Step::kNothing;
        }
        const auto again = first ? read_anywhere(*first, *state, stop) : std::nullopt;
        if (!again) {
            return Step::kFailed;
        }
        AuditOutcome outcome;
        outcome.logs = again->blocks.logs.size();
        for (const auto block : sink.compare(*again).blocks) {
            const auto [why_not, complete] = settle_block(block);
            if (why_not.empty()) {
                continue;
            }
            if (!give_up(complete)) {
                tell(why_not);
                return Step::kFailed;
            }
            ++outcome.unsettled;
            outcome.last_error = "block " + std::to_string(block.value) + ": " + why_not;
        }
        if (outcome.unsettled > 0) {
            log.error(
                "rows differ from the chain, and cannot be repaired",
                {{"stream", config.name}, {"blocks", outcome.unsettled}, {"reason", outcome.last_error}});
        }
        tries = 0;
        trying_since.reset();
        crash_point("sweep.before_passed");
        sink.passed(again->first, again->blocks.to.number, outcome);
        at_block.set(static_cast<double>(again->blocks.to.number.value));
        logs_compared.add(static_cast<double>(outcome.logs));
        blocks_unsettled.add(static_cast<double>(outcome.unsettled));
        tell("");
        return Step::kSwept;
    }
};

Audit::Audit(StreamConfig config, Millis pace, rpcpool::MultiRpc& rpc, AuditSink& sink, const Clock& clock,
             telemetry::Log log, telemetry::Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(config), pace, rpc, sink, clock, std::move(log), metrics)) {}
Audit::~Audit() = default;

Audit::Step Audit::step(const std::stop_token& stop) {
    return impl_->step(stop);
}

void Audit::run(const std::stop_token& stop, Lease* lease) {
    while (impl_->clock.sleep(stop, impl_->pace), !stop.stop_requested()) {
        try {
            if (lease == nullptr || lease->held()) {
                step(stop);
            }
        } catch (const std::exception& error) {
            impl_->tell(error.what());
        }
    }
}

}  // namespace lamda::ingest
