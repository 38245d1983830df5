#include "services/node-agent/bus/retract_loop.hpp"

#include "core/crash_point.hpp"
#include "services/node-agent/bus/durable_loop.hpp"
#include "services/node-agent/state/owed_status.hpp"
#include "wire/subjects.hpp"

namespace lamda::agent {

namespace {
constexpr auto kCheck = "retractions";
constexpr Millis kFetchTimeout{1'000};
constexpr int kBatch = 16;
constexpr Millis kRedeliverAfter{5'000};
}  // namespace

RetractLoop::RetractLoop(bus::Bus& bus, Journal& journal, Executor& executor, const AgentTerms& terms,
                         const telemetry::Context& context)
    : bus_(bus),
      journal_(journal),
      executor_(executor),
      terms_(terms),
      clock_(context.clock),
      log_(context.log),
      retractions_(context.metrics.counter("lamda_agent_retractions_total", "Retractions received")),
      refused_(context.metrics.counter("lamda_agent_retractions_refused_total",
                                       "Retractions of another chain or contract, without an answer")),
      health_(context.health) {
    health_.expect(kCheck);
}

void RetractLoop::run(const std::stop_token& stop) {
    run_durable(stop, health_, kCheck, log_, "consuming retractions failed", [&] { consume(stop); });
}

void RetractLoop::consume(const std::stop_token& stop) {
    auto consumer = bus_.consume(wire::kRetractStream, wire::durable_of(terms_.provider));
    while (!stop.stop_requested()) {
        const auto messages = consumer.fetch(kBatch, kFetchTimeout);
        health_.set(kCheck, true);
        for (const auto& message : messages) {
            handle(consumer, message);
        }
    }
}

void RetractLoop::handle(bus::Consumer& consumer, const bus::Message& message) {
    const auto retraction = wire::parse_retraction(message.body);
    if (!retraction) {
        log_.error("retraction rejected", {{"sequence", message.sequence},
                                           {"reason", retraction.error().message},
                                           {"where", retraction.error().where}});
        consumer.term(message);
        return;
    }
    const auto decision =
        decide(*retraction, journal_.find(retraction->job_id), terms_.identity.known(), terms_.job_manager);
    switch (decision) {
        case RetractionDecision::kApply:
            apply(consumer, message, *retraction);
            return;
        case RetractionDecision::kVoid:
        case RetractionDecision::kRefuse:
            refuse(*retraction, decision);
            consumer.ack(message);
            return;
        case RetractionDecision::kDefer:
            consumer.nak(message, kRedeliverAfter);
            return;
    }
}

void RetractLoop::refuse(const wire::Retraction& retraction, RetractionDecision decision) {
    if (decision == RetractionDecision::kVoid) {
        journal_.update(retraction.job_id, [&](JobRecord& record) { enter_unanswered(record, retraction); });
    }
    refused_.add();
    if (const auto left_out = refusals_.admit(clock_.steady())) {
        const auto chain = retraction.chain_id ? std::to_string(retraction.chain_id->value) : "";
        const auto contract = retraction.job_manager ? retraction.job_manager->hex() : "";
        log_.warn("retraction of another chain or contract: not answered",
                  {{"job", retraction.job_id.hex()},
                   {"attempt", retraction.attempt},
                   {"chain_id", chain},
                   {"job_manager", contract},
                   {"not_logged_before", *left_out}});
    }
}

void RetractLoop::apply(bus::Consumer& consumer, const bus::Message& message,
                        const wire::Retraction& retraction) {
    std::vector<AttemptKey> stopped;
    journal_.update(retraction.job_id, [&](JobRecord& record) {
        for (const auto& [number, attempt] : record.attempts) {
            if (number <= retraction.attempt && attempt.active()) {
                stopped.push_back({retraction.job_id, number});
            }
        }
        enter(record, retraction);
        ask_again(record, retraction);
    });
    crash_point("agent.retraction.recorded");
    consumer.ack(message);
    retractions_.add();
    log_.info(
        "retraction",
        {{"job", retraction.job_id.hex()}, {"attempt", retraction.attempt}, {"stopped", stopped.size()}});
    for (const auto& key : stopped) {
        try {
            executor_.kill(key);  // best effort: the slot also sees the retraction in the journal
        } catch (const std::exception& error) {
            log_.warn("stopping a retracted container failed",
                      {{"container", key.container()}, {"reason", error.what()}});
        }
    }
}

}  // namespace lamda::agent
