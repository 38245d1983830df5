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

constexpr std::uint64_t kMostByReceipts = 64;  // blocks of one range that is read by headers and receipts
constexpr Millis kRangeTimeout{60'000};        // for one range
constexpr int kTries = 4;                      // before a difference is left unrepaired
constexpr Millis kSettleTimeout{5 * 60'000};   // for an endpoint that may have the proof and does not answer

/// Proof of a block from all endpoints together.
struct BlockProof {
    Result<BlockView> proven;
    bool complete;  ///< every endpoint that is not on another chain has answered
};

/// True for errors that are an endpoint's answer; false when it may answer later.
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
    int tries = 0;                       ///< attempts to settle the differences of the current range
    std::optional<Steady> trying_since;  ///< time of the first of these attempts
    std::string last_logged;             ///< reason that was logged last

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

    /// Endpoints that may be called: the stream's preferred endpoint last, the others in rotation.
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

    void log_once(const std::string& last_error) {
        if (last_error != last_logged) {
            last_logged = last_error;
            if (!last_error.empty()) {
                log.warn("audit waiting", {{"stream", config.name}, {"reason", last_error}});
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

    /// Reads as many blocks as one call to the endpoint may span. Absent: stopped.
    std::optional<RangeSnapshot> read(rpcpool::MultiRpc& endpoint, BlockNum first, BlockNum final,
                                      const std::stop_token& stop) {
        if (!endpoint.header(eth::BlockSpec(final))) {
            throw rpcpool::NotReadyYet(endpoint.name() + " lacks block " + std::to_string(final.value));
        }
        const auto most =
            endpoint.endpoints().answers_logs(0) ? endpoint.endpoints().window(0) : kMostByReceipts;
        const auto to = std::min(final, first + (most - 1));
        Backfill backfill(endpoint, filter, clock, false);
        const auto deadline = clock.steady() + kRangeTimeout;
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

    /// Reads from the first endpoint that answers.
    std::optional<RangeSnapshot> read_anywhere(BlockNum first, const AuditState& state,
                                               const std::stop_token& stop) {
        endpoints.open(state.chain);
        std::string last_error = "no endpoint is usable now";
        for (const auto i : order()) {
            try {
                return read(endpoints.at(i), first, state.final, stop);
            } catch (const std::exception& error) {
                last_error = error.what();
            }
        }
        log_once(last_error);
        return std::nullopt;
    }

    /// First block of the next range. Absent: the start block is not known yet.
    std::optional<BlockNum> next(const AuditState& state) {
        if (state.upto) {
            return state.upto->next();
        }
        try {
            return start_block();
        } catch (const std::exception& error) {
            log_once(error.what());
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
                log.debug("audit: endpoint gave no proof", {{"stream", config.name},
                                                            {"block", block.value},
                                                            {"endpoint", endpoints.at(i).name()},
                                                            {"reason", error.what()}});
            }
        }
        const auto all = endpoints.usable();
        if (views.empty() && !last_error.empty()) {
            return {Error{"unproven", "no endpoint proved its answer for the block; " + last_error, ""},
                    answers >= all};
        }
        return {settle(views, all), answers >= all};
    }

    /// True when a difference is left unrepaired: every endpoint has answered, or the time is over.
    bool give_up(bool complete) {
        ++tries;
        if (!trying_since) {
            trying_since = clock.steady();
        }
        return tries >= kTries && (complete || clock.steady() - *trying_since > kSettleTimeout);
    }

    struct Settled {
        std::string why_not;  ///< reason; empty when the difference is repaired
        bool complete = true;
    };
    Settled settle_block(BlockNum block) {
        auto proof = ask_all(block);
        auto& proven = proof.proven;
        if (!proven) {
            return {proven.error().message, proof.complete};
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
                log.error("audit repaired rows that differed from the chain",
                          {{"stream", config.name}, {"block", block.value}, {"logs", done.logs}});
            }
            return {done.left.logs == 0 ? "" : "the wrong rows have had effects that cannot be undone"};
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
                log_once(why_not);
                return Step::kFailed;
            }
            ++outcome.unsettled;
            outcome.last_error = "block " + std::to_string(block.value) + ": " + why_not;
        }
        if (outcome.unsettled > 0) {
            log.error(
                "audit could not repair rows that differ from the chain",
                {{"stream", config.name}, {"blocks", outcome.unsettled}, {"reason", outcome.last_error}});
        }
        tries = 0;
        trying_since.reset();
        crash_point("sweep.before_passed");
        sink.passed(again->first, again->blocks.to.number, outcome);
        at_block.set(static_cast<double>(again->blocks.to.number.value));
        logs_compared.add(static_cast<double>(outcome.logs));
        blocks_unsettled.add(static_cast<double>(outcome.unsettled));
        log_once("");
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
            impl_->log_once(error.what());
        }
    }
}

}  // namespace lamda::ingest
