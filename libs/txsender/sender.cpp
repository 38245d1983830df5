#include "txsender/sender.hpp"

#include <algorithm>

#include "core/wakeup.hpp"
#include "rpcpool/errors.hpp"
#include "rpcpool/pacing.hpp"
#include "txsender/detail/nonce_allocator.hpp"
#include "txsender/detail/tx_tracker.hpp"

namespace lamda::txsender {

namespace {

constexpr std::size_t kMostFollowed = 1'000;
/// Longest time of sending before results are read, where blocks come as fast as transactions.
constexpr Millis kBurst{1'000};

}  // namespace

struct Sender::Impl {
    SenderParts parts;
    TxTracker tracker;
    NonceAllocator allocator;
    telemetry::Health& health;
    std::string check;
    Wakeup wakeup;

    Impl(const SenderConfig& config, eth::Rpc& rpc, const crypto::Signer& signer, TxQueue& tx_queue,
         SigningPolicy& signing, const Clock& clock, telemetry::Log log, telemetry::Metrics& metrics,
         telemetry::Health& h, Precheck precheck)
        : parts{.config = config,
                .rpc = rpc,
                .signer = signer,
                .tx_queue = tx_queue,
                .signing = signing,
                .clock = clock,
                .log = std::move(log),
                .shown = SenderMetrics(metrics, config.name)},
          tracker(parts),
          allocator(parts, std::move(precheck)),
          health(h),
          check("sender:" + parts.config.name) {
        health.expect(check);
    }

    void step() {
        parts.last_error.clear();
        parts.guard.begin_pass();
        parts.broadcaster.begin_pass();
        parts.watch.poll_once();
        auto entries = parts.tx_queue.in_flight(parts.watch.where(), kMostFollowed);
        tracker.follow(entries);
        parts.note(parts.watch.last_error());
        parts.broadcaster.keep_refusals(entries);
        tracker.fill_gap(entries);
        for (const auto& entry : allocator.begin_pass()) {
            tracker.fail(entry, "cancelled by an operator, before it was sent");
        }
        send_what_waits();
        parts.broadcaster.finish();
        parts.guard.end_pass(allocator.saw_all() && entries.size() < kMostFollowed);
        parts.note(parts.broadcaster.refusal());
        parts.note(allocator.unanswered());
        allocator.look_at_wallet();
        parts.note(parts.broadcaster.signer_error());
        parts.shown.unmined.set(
            static_cast<double>(std::count_if(entries.begin(), entries.end(), is_unmined)));
        parts.shown.parked.set(static_cast<double>(parts.park_backoff.size()));
    }

    /// Sends while intents can be sent, and while new blocks make room for more.
    void send_what_waits() {
        const auto until = parts.clock.steady() + kBurst;
        bool moves = true;
        while (moves && parts.clock.steady() < until) {
            moves = allocator.admit();
            if (allocator.full()) {
                const auto before = parts.watch.latest_count();
                parts.watch.refresh_count();
                moves = parts.watch.latest_count() > before;
            }
        }
    }

    void show(bool ok, const std::string& detail) {
        if (health.set(check, ok, detail)) {
            if (ok) {
                parts.log.info("sender ready", {{"sender", parts.config.name}});
            } else {
                parts.log.warn("sender waiting", {{"sender", parts.config.name}, {"reason", detail}});
            }
        }
    }
};

Sender::Sender(const SenderConfig& config, eth::Rpc& rpc, const crypto::Signer& signer, TxQueue& tx_queue,
               SigningPolicy& signing, const telemetry::Context& context, Precheck precheck)
    : impl_(std::make_unique<Impl>(config, rpc, signer, tx_queue, signing, context.clock, context.log,
                                   context.metrics, context.health, std::move(precheck))) {}

Sender::~Sender() = default;

void Sender::step() {
    try {
        impl_->step();
        impl_->show(impl_->parts.last_error.empty(), impl_->parts.last_error);
    } catch (const std::exception& error) {
        impl_->show(false, error.what());
        throw;
    }
}

void Sender::nudge() {
    impl_->wakeup.wake();
}

void Sender::run(const std::stop_token& stop, Millis pace) {
    rpcpool::Backoff backoff(Millis(200), Millis(10'000));
    while (!stop.stop_requested()) {
        auto wait = pace;
        try {
            step();
            backoff.reset();
            wait = impl_->parts.watch.left_over() ? Millis(0) : wait;
        } catch (const rpcpool::ConfigContradiction&) {
            throw;
        } catch (const std::exception&) {
            wait = backoff.next();  // step() has reported the error
        }
        impl_->wakeup.wait(stop, wait);
    }
}

}  // namespace lamda::txsender
