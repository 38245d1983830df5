#include "services/node-agent/bus/assignment_loop.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "services/node-agent/bus/durable_loop.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "assignments";
constexpr Millis kFetchTimeout{1'000};
/// While assignments are held: the loop must react to a free slot.
constexpr Millis kFetchBusy{50};
constexpr int kBatch = 64;
constexpr Millis kPause{500};
/// Pause between two full batches: bounds the rate at which a long queue is looked through.
constexpr Millis kPauseWithMore{100};
constexpr Millis kRedeliverAfter{5'000};
/// Delay after which the probe is asked again about a job that it has deferred.
constexpr Millis kProbeAgain{15'000};
/// Most jobs that are kept only because they were refused; pruned after each so many further refusals.
constexpr std::size_t kMostRefused = 1'000;
constexpr std::size_t kPruneAfter = 100;
/// Bound of `first_seen_`: above the most that a durable delivers without acknowledgement.
constexpr std::size_t kMostSeen = 40'000;
}  // namespace

AssignmentLoop::AssignmentLoop(bus::Bus& bus, Journal& journal, const StatusWriter& statuses,
                               const AgentTerms& terms, const WorkGate& gate,
                               const telemetry::Context& context)
    : bus_(bus),
      journal_(journal),
      statuses_(statuses),
      terms_(terms),
      gate_(gate),
      clock_(context.clock),
      log_(context.log),
      metrics_(context.metrics),
      health_(context.health),
      refusals_(kPruneAfter) {  // of an earlier process
    health_.expect(kCheck);
}

void AssignmentLoop::run(const std::stop_token& stop) {
    run_durable(stop, health_, kCheck, log_, "consuming assignments failed", [&] { consume(stop); });
}

void AssignmentLoop::consume(const std::stop_token& stop) {
    if (!terms_.identity.known()) {
        health_.set(
            kCheck, false,
            "BSC chain id unknown: BSC_CHAIN_ID is not set and no endpoint of BSC_RPC_URL has answered");
    }
    if (!terms_.identity.wait(stop)) {
        return;
    }
    auto consumer = bus_.consume(wire::kJobsStream, wire::durable_of(terms_.provider));
    held_.clear();  // of an earlier connection: the bus delivers them again
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        seen = journal_.wait_change(seen, Millis(0));
        if (!takes_work()) {
            return_all(consumer, kRedeliverAfter);
            health_.set(kCheck, true);
            journal_.wait_change(seen, kPause);
            continue;
        }
        const bool more = receive(consumer);
        health_.set(kCheck, true);
        take(consumer, stop);
        keep(consumer);
        if (!held_.empty() || occupied() >= terms_.capacity) {
            journal_.wait_change(seen, more ? kPauseWithMore : kPause);
        }
    }
    return_all(consumer, Millis(0));
}

bool AssignmentLoop::takes_work() const {
    return !gate_.duplicates.present() && !gate_.drain.on();
}

std::size_t AssignmentLoop::occupied() const {
    return gate_.retries.occupied(journal_.active_attempts(), terms_.capacity);
}

Self AssignmentLoop::self(bool with_load) const {
    return {terms_.provider,
            terms_.identity.known().value(),  // known since consume(): may be corrected, never reset
            terms_.job_manager,
            with_load ? occupied() : 0,
            terms_.capacity,
            with_load && !takes_work(),
            terms_.policy,
            gate_.resources.per_job()};
}

void AssignmentLoop::count(std::string_view decision) {
    metrics_
        .counter("lamda_agent_assignments_total", "Assignments received, by decision",
                 {{"decision", std::string(decision)}})
        .add();
}

bool AssignmentLoop::receive(bus::Consumer& consumer) {
    const bool idle = held_.empty() && occupied() < terms_.capacity;
    const auto messages = consumer.fetch(kBatch, idle ? kFetchTimeout : kFetchBusy);
    for (const auto& message : messages) {
        admit(consumer, message);
    }
    return messages.size() == kBatch;
}

void AssignmentLoop::admit(bus::Consumer& consumer, const bus::Message& message) {
    auto assignment = wire::parse_assignment(message.body);
    if (!assignment || assignment->provider != terms_.provider) {
        log_.error("assignment rejected",
                   {{"sequence", message.sequence},
                    {"reason", assignment ? "for another provider" : assignment.error().message},
                    {"where", assignment ? "/provider" : assignment.error().where}});
        count("malformed");
        consumer.term(message);
        return;
    }
    const auto verdict = decide(*assignment, journal_.find(assignment->job_id), self(false));
    if (verdict.decision != AssignmentDecision::kAccept) {
        settle(consumer, message, *assignment, verdict);
        return;
    }
    if (first_seen_.size() >= kMostSeen) {
        first_seen_.clear();
    }
    first_seen_.try_emplace({assignment->job_id, assignment->attempt}, clock_.steady());
    const auto rate = rate_of(assignment->requirements, assignment->payment, terms_.policy.price);
    Held held{*std::move(assignment), message, rate, clock_.steady()};
    held.message.body.clear();
    held_.insert_or_assign(message.sequence, std::move(held));
}

Waiting AssignmentLoop::waiting(const Held& held) const {
    const auto seen = first_seen_.find({held.assignment.job_id, held.assignment.attempt});
    return {held.rate, held.message.sequence, held.assignment.requirements,
            seen == first_seen_.end() ? Millis(0)
                                      : std::chrono::duration_cast<Millis>(clock_.steady() - seen->second)};
}

void AssignmentLoop::judge_again(bus::Consumer& consumer) {
    const auto unloaded = self(false);
    for (auto one = held_.begin(); one != held_.end();) {
        const auto& assignment = one->second.assignment;
        const auto verdict = decide(assignment, journal_.find(assignment.job_id), unloaded);
        if (verdict.decision == AssignmentDecision::kAccept) {
            ++one;
            continue;
        }
        settle(consumer, one->second.message, assignment, verdict);
        one = held_.erase(one);
    }
}

void AssignmentLoop::take(bus::Consumer& consumer, const std::stop_token& stop) {
    judge_again(consumer);
    bool short_of_room = false;
    while (!held_.empty() && !stop.stop_requested() && occupied() < terms_.capacity) {
        std::vector<Waiting> candidates;
        for (const auto& [sequence, held] : held_) {
            candidates.push_back(waiting(held));
        }
        const auto choice = choose(candidates, use_of(journal_, gate_.retries), gate_.resources.total());
        short_of_room = choice.short_of_room;
        if (!choice.taken) {
            break;
        }
        const auto held = held_.extract(candidates[*choice.taken].sequence).mapped();
        const auto& assignment = held.assignment;
        const auto answer = gate_.probe.set() ? probe(assignment, stop) : ProbeAnswer{};
        if (answer.kind == ProbeAnswer::Kind::kLater) {
            consumer.nak(held.message, kProbeAgain);
            gate_.held_back.postponed(kProbeAgain + kRedeliverAfter);
            break;  // a probe that hangs must not keep the others unacknowledged
        }
        // The decision of its delivery may be stale: a retraction, another delivery, another agent.
        auto verdict = decide(assignment, journal_.find(assignment.job_id), self(true));
        if (verdict.decision == AssignmentDecision::kAccept && answer.kind == ProbeAnswer::Kind::kRefuse) {
            verdict = {AssignmentDecision::kRefuse, answer.reason};
        }
        settle(consumer, held.message, assignment, verdict);
    }
    gate_.held_back.set_short_of_room(short_of_room);
}

ProbeAnswer AssignmentLoop::probe(const wire::Assignment& assignment, const std::stop_token& stop) {
    auto answer = decide(assignment, journal_.find(assignment.job_id), self(true)).decision ==
                          AssignmentDecision::kAccept
                      ? gate_.probe.ask(wire::to_json(assignment), stop)
                      : ProbeAnswer{};
    if (answer.kind == ProbeAnswer::Kind::kLater) {
        count("probe_defer");
        log_.warn("assignment deferred by the probe", {{"job", assignment.job_id.hex()},
                                                       {"attempt", assignment.attempt},
                                                       {"reason", answer.reason},
                                                       {"again_in_ms", kProbeAgain.count()}});
    }
    return answer;
}

void AssignmentLoop::keep(bus::Consumer& consumer) {
    if (const auto size = window_size(terms_.capacity); held_.size() > size) {
        std::vector<Waiting> order;
        for (const auto& [sequence, held] : held_) {
            order.push_back(waiting(held));
        }
        std::sort(order.begin(), order.end(), goes_before);
        for (std::size_t i = size; i < order.size(); ++i) {
            const auto& message = held_.at(order[i].sequence).message;
            const auto delay = return_delay(message.deliveries);
            consumer.nak(message, delay);
            gate_.held_back.postponed(delay + kRedeliverAfter);
            held_.erase(order[i].sequence);
        }
    }
    const auto now = clock_.steady();
    for (auto& [sequence, held] : held_) {
        if (now - held.touched >= consumer.ack_wait() / 3) {
            consumer.working(held.message);
            held.touched = now;
        }
    }
}

void AssignmentLoop::return_all(bus::Consumer& consumer, Millis delay) {
    for (const auto& [sequence, held] : held_) {
        consumer.nak(held.message, delay);
    }
    held_.clear();
    gate_.held_back.set_short_of_room(false);
}

void AssignmentLoop::settle(bus::Consumer& consumer, const bus::Message& message,
                            const wire::Assignment& assignment, const Verdict& verdict) {
    const AttemptKey key{assignment.job_id, assignment.attempt};
    count(to_string(verdict.decision));
    log_.info("assignment", {{"job", assignment.job_id.hex()},
                             {"attempt", assignment.attempt},
                             {"decision", to_string(verdict.decision)},
                             {"reason", verdict.reason}});
    if (verdict.decision == AssignmentDecision::kReturn) {
        gate_.settings.contradicts(key, verdict.reason);
        consumer.nak(message, SettingsWatch::kRedeliverAfter);
        return;
    }
    gate_.settings.settled(key);
    if (verdict.decision == AssignmentDecision::kDefer ||
        (verdict.decision == AssignmentDecision::kRefuse && !room_for_refusal())) {
        consumer.nak(message, kRedeliverAfter);
        return;
    }
    accept(assignment, verdict);
    crash_point("agent.assignment.recorded");
    consumer.ack(message);
    first_seen_.erase(key);
    crash_point("agent.assignment.acknowledged");
}

bool AssignmentLoop::room_for_refusal() {
    if (refusals_ >= kPruneAfter) {
        if (journal_.prune_refused(kMostRefused) > kMostRefused + kPruneAfter) {
            log_.warn("too many refusals wait to be sent: assignment returned to the bus",
                      {{"most", kMostRefused}});
            return false;
        }
        refusals_ = 0;
    }
    ++refusals_;
    return true;
}

void AssignmentLoop::accept(const wire::Assignment& assignment, const Verdict& verdict) {
    const AttemptKey key{assignment.job_id, assignment.attempt};
    switch (verdict.decision) {
        case AssignmentDecision::kAccept:
            journal_.update(assignment.job_id, [&](JobRecord& record) {
                if (assignment.attempt <= record.void_through) {
                    return;  // retracted after the decision
                }
                enter(record, assignment, clock_.now());
                statuses_.add(record.attempts.at(assignment.attempt), wire::StatusKind::kAccepted);
            });
            break;
        case AssignmentDecision::kRefuse:
            journal_.update(assignment.job_id, [&](JobRecord& record) {
                enter(record, assignment, clock_.now());
                StatusDetails details;
                details.error_code = wire::ErrorCode::kRefused;
                details.error_message = verdict.reason;
                auto& attempt = record.attempts.at(assignment.attempt);
                statuses_.add(attempt, wire::StatusKind::kFailed, details);
                forget_work(attempt);
            });
            break;
        case AssignmentDecision::kRepublish:
            journal_.update(key, [](Attempt& attempt) {
                attempt.final_applied = false;
                const auto last =
                    std::find_if(attempt.outbox.begin(), attempt.outbox.end(),
                                 [&](const UnsentStatus& one) { return one.seq == attempt.last_seq; });
                if (last == attempt.outbox.end()) {
                    attempt.outbox.push_back(
                        {attempt.last_seq,
                         attempt.completed ? wire::StatusKind::kCompleted : wire::StatusKind::kFailed,
                         attempt.final_status.value()});
                }
            });
            break;
        case AssignmentDecision::kReturn:
        case AssignmentDecision::kIgnore:
        case AssignmentDecision::kDefer:
            break;
    }
}

}  // namespace lamda::agent
