#include "services/job-dispatcher/bus/status_loop.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "outbox/dead_letter.hpp"
#include "runtime/app.hpp"
#include "store/values.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

// Redelivery delay of messages that a killed dispatcher had fetched; a batch takes far less.
constexpr Millis kAckWait{5'000};
constexpr Millis kFetch{500};
constexpr Millis kLater{2'000};
constexpr Millis kLongestPause{60'000};
constexpr int kBatch = 100;
/// Unacknowledged messages: more than all postponed statuses at once.
constexpr std::int64_t kMostPending = 1'000'000;
constexpr int kQuietFetches = 4;  // the catch-up is done after this many empty fetches

std::int64_t ticks(Steady at) {
    return std::chrono::duration_cast<Millis>(at.time_since_epoch()).count();
}

Error refusal(std::string reason) {
    return {"refused", std::move(reason), ""};
}

/// Returns the message's status if it is well-formed and signed by the subject's provider. The error's
/// message is the reason for a dead letter.
Result<wire::JobStatus> verified_status(const bus::Message& message, const Policy& policy) {
    const auto from = wire::provider_of(message.subject);
    auto status = wire::parse_status(message.body);
    if (!from || !status) {
        const Error error = from ? status.error() : from.error();
        return refusal(error.code + ": " + error.message + (error.where.empty() ? "" : " at " + error.where));
    }
    if (*from != status->provider) {
        return refusal("the provider differs from the subject's provider");
    }
    if (const auto signature =
            wire::verify_status(*status, wire::market_domain(policy.chain_id, policy.job_manager));
        !signature) {
        return refusal(signature.error().code + ": " + signature.error().message + "; verified for chain " +
                       std::to_string(policy.chain_id.value) + " and JobManager " + policy.job_manager.hex() +
                       ": compare the agent's BSC_RPC_URL, BSC_CHAIN_ID and JOB_MANAGER_CONTRACT_ADDRESS, "
                       "and its key");
    }
    return status;
}

}  // namespace

StatusLoop::StatusLoop(store::Database& database, bus::Bus& bus, BusSetup& setup, Deployment& deployment,
                       const StreamProgress& progress, StatusCatchUp& catch_up,
                       const telemetry::Context& context)
    : database_(database),
      bus_(bus),
      setup_(setup),
      deployment_(deployment),
      progress_(progress),
      catch_up_(catch_up),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics),
      refused_(context.metrics.counter("lamda_dispatch_statuses_refused_total",
                                       "Statuses that were malformed or wrongly signed.")),
      drained_at_(0) {}

void StatusLoop::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        // The signature's domain needs the chain id.
        policy_ = database_.transact([&](store::Txn& txn) { return deployment_.policy(txn); });
        if (policy_) {
            read(stop);
        } else {
            runtime::pause(stop, kFetch);
        }
    }
}

void StatusLoop::read(const std::stop_token& stop) {
    setup_.poll_once();
    catch_up_.begin(bus_);
    if (!bus_.has_durable(wire::kStatusStream, catch_up_.durable())) {
        bus_.ensure_durable(wire::kStatusStream, catch_up_.durable(), wire::kAllStatuses, kAckWait,
                            kMostPending);
    }
    bus::Consumer consumer = bus_.consume(wire::kStatusStream, catch_up_.durable());
    int quiet = 0;
    while (!stop.stop_requested()) {
        const auto messages = consumer.fetch(kBatch, kFetch);
        for (const auto& message : messages) {
            switch (handle(message)) {
                case Next::kAck:
                    crash_point("status.before_ack");
                    consumer.ack(message);
                    break;
                case Next::kLater:
                    consumer.nak(message, kLater);
                    break;
                case Next::kOver:
                    consumer.nak(message, std::min<Millis>(kLongestPause, kLater * message.deliveries));
                    break;
            }
            if (!catch_up_.done() && !catch_up_.is_older(message.sequence + 1)) {
                catch_up_.finish();
            }
        }
        quiet = messages.empty() ? quiet + 1 : 0;
        // The stream is drained, except for postponed statuses of one provider.
        if (messages.size() < kBatch) {
            drained_at_ = ticks(clock_.steady());
        }
        if (!catch_up_.done() && quiet >= kQuietFetches) {
            catch_up_.finish();
        }
    }
}

bool StatusLoop::up_to_date(Millis within) const {
    return drained_at_ != 0 && ticks(clock_.steady()) - drained_at_ <= within.count();
}

StatusLoop::Next StatusLoop::handle(const bus::Message& message) {
    const auto from = wire::provider_of(message.subject);
    if (!from || !catch_up_.done()) {
        return apply(message);  // statuses of a former database arrive all at once: no shares
    }
    const auto now = clock_.steady();
    switch (share_.admit(*from, message.body, now, message.deliveries > 1)) {
        case StatusShare::Verdict::kRepeated:
            count("repeated");
            return Next::kAck;
        case StatusShare::Verdict::kOver:
            count("put_off");
            return Next::kOver;
        case StatusShare::Verdict::kDrop:
            return drop(*from);
        case StatusShare::Verdict::kTake:
            break;
    }
    const Next next = apply(message);
    if (next == Next::kAck) {
        share_.handled(*from, message.body, now);
    }
    return next;
}

StatusLoop::Next StatusLoop::apply(const bus::Message& message) {
    auto status = verified_status(message, *policy_);
    if (!status) {
        return refuse(message, status.error().message);
    }
    const ReceivedStatus received{std::move(*status), message.body,
                                  !catch_up_.done() && catch_up_.is_older(message.sequence)};
    const auto outcome = database_.transact([&](store::Txn& txn) {
        return take_status(txn, received, *policy_, progress_.caught_up() && catch_up_.done(), clock_.now());
    });
    if (outcome == StatusOutcome::kDeferred) {
        return Next::kLater;
    }
    count(to_string(outcome));
    switch (outcome) {
        case StatusOutcome::kApplied:
        case StatusOutcome::kUnchanged:
        case StatusOutcome::kUnrecorded:
            confirm(received.status);
            break;
        case StatusOutcome::kWrongProvider:
            return refuse(message, kForeignJob);
        case StatusOutcome::kNoRoom:
            return refuse(
                message,
                "the job is unknown, and too many statuses of unknown jobs wait for their jobs already: "
                "of this provider, or of all that are not registered");
        case StatusOutcome::kEarly:
        case StatusOutcome::kDeferred:
            break;
    }
    return Next::kAck;
}

void StatusLoop::confirm(const wire::JobStatus& status) {
    if (status.status == wire::StatusKind::kCompleted || status.status == wire::StatusKind::kFailed) {
        crash_point("status.before_confirm");
        bus_.publish(wire::applied_subject(status.provider),
                     wire::to_json(wire::StatusApplied{status.job_id, status.attempt, status.seq}));
    }
}

StatusLoop::Next StatusLoop::refuse(const bus::Message& message, const std::string& reason) {
    const bool stored = database_.transact([&](store::Txn& txn) {
        return outbox::put_dead_letter(txn, kOutboxOwner, message.subject, message.body, reason);
    });
    refused_.add();
    if (stored) {  // limits the log as well
        log_.warn("status refused", {{"subject", store::storable(message.subject, 256)},
                                     {"reason", store::storable(reason, 512)}});
    }
    return Next::kAck;
}

StatusLoop::Next StatusLoop::drop(const Address& provider) {
    count("dropped");
    if (const auto left_out = drops_.admit(clock_.steady())) {
        log_.warn("status dropped",
                  {{"provider", provider.hex()},
                   {"reason", "the provider has " + std::to_string(StatusShare::kMostPostponed) +
                                  " statuses beyond its share already"},
                   {"not_logged_before", *left_out}});
    }
    return Next::kAck;
}

void StatusLoop::count(std::string_view outcome) {
    metrics_
        .counter("lamda_dispatch_statuses_total", "Statuses by outcome.", {{"outcome", std::string(outcome)}})
        .add();
}

}  // namespace lamda::dispatch
