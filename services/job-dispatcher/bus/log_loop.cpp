#include "services/job-dispatcher/bus/log_loop.hpp"

#include "runtime/app.hpp"
#include "services/job-dispatcher/bus/log_store.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

constexpr auto kDurable = "dispatcher-logs";
constexpr auto kLock = "dispatcher:logs";
constexpr Millis kAckWait{10'000};
constexpr Millis kFetch{500};
constexpr Millis kStandby{2'000};
constexpr int kBatch = 256;
/// Old chunks: deleted in small steps, one after the other while there are more.
constexpr std::size_t kDeletedAtOnce = 500;
constexpr Millis kDeleteEvery{60'000};
constexpr Millis kDeleteMore{200};

}  // namespace

LogLoop::LogLoop(store::Database& database, bus::Bus& bus, BusSetup& setup, Millis keep,
                 const telemetry::Context& context)
    : database_(database),
      bus_(bus),
      setup_(setup),
      keep_(keep),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics),
      lock_(database, kLock) {
    for (const char* outcome : {"stored", "repeated", "refused", "cut", "over_share"}) {
        count(outcome, 0);
    }
}

void LogLoop::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (lock_.held()) {
            read(stop);
        } else {
            runtime::pause(stop, kStandby);
        }
    }
    lock_.release();
}

void LogLoop::read(const std::stop_token& stop) {
    setup_.poll_once();
    if (!bus_.has_durable(wire::kLogsStream, kDurable)) {
        bus_.ensure_durable(wire::kLogsStream, kDurable, wire::kAllLogs, kAckWait);
    }
    bus::Consumer consumer = bus_.consume(wire::kLogsStream, kDurable);
    while (!stop.stop_requested() && lock_.held()) {
        const auto messages = consumer.fetch(kBatch, kFetch);
        store_batch(messages);
        for (const auto& message : messages) {
            consumer.ack(message);
        }
        delete_old();
    }
}

void LogLoop::store_batch(const std::vector<bus::Message>& messages) {
    std::vector<ReceivedLog> batch;
    std::uint64_t over = 0;
    std::uint64_t refused = 0;
    for (const auto& message : messages) {
        // The share comes first: a flood is dropped unread.
        const auto from = wire::log_source_of(message.subject);
        if (from && !share_.admit(from->provider, message.body.size(), clock_.steady())) {
            ++over;
            continue;
        }
        if (auto received = read_log(message)) {
            batch.push_back(*std::move(received));
        } else {
            ++refused;
        }
    }
    LogsDecision decision;
    if (!batch.empty()) {
        decision = database_.transact([&](store::Txn& txn) {
            auto out = decide_logs(batch, load_logs(txn, batch));
            save_logs(txn, out);
            return out;
        });
    }
    count("stored", decision.keep.size());
    count("repeated", decision.repeated);
    count("refused", decision.refused + refused);
    count("cut", decision.cut);
    count("over_share", over);
}

void LogLoop::delete_old() {
    const auto now = clock_.steady();
    if (now < deletion_due_) {
        return;
    }
    const auto deleted =
        database_.transact([&](store::Txn& txn) { return delete_old_logs(txn, keep_, kDeletedAtOnce); });
    deletion_due_ = now + (deleted == kDeletedAtOnce ? kDeleteMore : kDeleteEvery);
}

void LogLoop::count(const char* outcome, std::uint64_t chunks) {
    metrics_.counter("lamda_dispatch_log_chunks_total", "Log chunks by outcome.", {{"outcome", outcome}})
        .add(static_cast<double>(chunks));
}

}  // namespace lamda::dispatch
