#include "services/node-agent/bus/assignment_loop.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "services/node-agent/bus/durable_loop.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "assignments";
constexpr Millis kFetchTimeout{1'000};
constexpr Millis kRedeliverAfter{5'000};
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
      health_(context.health) {
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
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        seen = journal_.wait_change(seen, Millis(0));
        const auto occupied = gate_.retries.occupied(journal_.active_attempts(), terms_.capacity);
        if (occupied >= terms_.capacity || gate_.duplicates.present()) {
            // A message that cannot be accepted now would exceed its acknowledgement time here.
            health_.set(kCheck, true);
            journal_.wait_change(seen, Millis(500));
            continue;
        }
        const auto messages = consumer.fetch(static_cast<int>(terms_.capacity - occupied), kFetchTimeout);
        health_.set(kCheck, true);
        for (const auto& message : messages) {
            handle(consumer, message);
        }
    }
}

void AssignmentLoop::handle(bus::Consumer& consumer, const bus::Message& message) {
    const auto count = [&](std::string_view what) {
        metrics_
            .counter("lamda_agent_assignments_total", "Assignments received, by decision",
                     {{"decision", std::string(what)}})
            .add();
    };
    const auto assignment = wire::parse_assignment(message.body);
    if (!assignment || assignment->provider != terms_.provider) {
        log_.error("assignment rejected",
                   {{"sequence", message.sequence},
                    {"reason", assignment ? "for another provider" : assignment.error().message},
                    {"where", assignment ? "/provider" : assignment.error().where}});
        count("malformed");
        consumer.term(message);
        return;
    }
    const Self self{terms_.provider,
                    terms_.identity.known().value(),  // known since consume(): may be corrected, never reset
                    terms_.job_manager,
                    gate_.retries.occupied(journal_.active_attempts(), terms_.capacity),
                    terms_.capacity,
                    gate_.duplicates.present(),
                    terms_.policy};
    const AttemptKey key{assignment->job_id, assignment->attempt};
    const auto verdict = decide(*assignment, journal_.find(assignment->job_id), self);
    count(to_string(verdict.decision));
    log_.info("assignment", {{"job", assignment->job_id.hex()},
                             {"attempt", assignment->attempt},
                             {"decision", to_string(verdict.decision)},
                             {"reason", verdict.reason}});
    if (verdict.decision == AssignmentDecision::kReturn) {
        gate_.settings.contradicts(key, verdict.reason);
        consumer.nak(message, SettingsWatch::kRedeliverAfter);
        return;
    }
    gate_.settings.settled(key);
    if (verdict.decision == AssignmentDecision::kDefer) {
        consumer.nak(message, kRedeliverAfter);
        return;
    }
    accept(*assignment, verdict);
    crash_point("agent.assignment.recorded");
    consumer.ack(message);
    crash_point("agent.assignment.acknowledged");
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
                statuses_.add(record.attempts.at(assignment.attempt), wire::StatusKind::kFailed, details);
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
