// Test scene: events in the log of the live feed.
#pragma once

#include "outbox/feed_log.hpp"
#include "outbox/outbox.hpp"
#include "services/api-gateway/testing/gateway_scene.hpp"
#include "wire/events.hpp"

namespace lamda::gateway {

/// Puts an event of the job into the log, as the dispatcher's relay does.
inline void add_event(Gateway& gateway, unsigned job, std::int64_t journal_id) {
    wire::EventCause cause;
    cause.id = journal_id;
    cause.at = SystemClock().now();
    wire::JobUpdate update;
    update.id = bytes_of(job).as<JobId>();
    update.status = wire::PublicStatus::kRunning;
    update.attempt = static_cast<std::uint32_t>(journal_id);
    update.renter = kRenter;
    update.provider = kProvider;
    gateway.database.transact([&](store::Txn& txn) {
        std::vector<outbox::OutboxMessage> messages;
        for (const auto& each : wire::event_messages(cause, update)) {
            messages.push_back({each.subject, each.message_id, each.body});
        }
        outbox::put_outbox(txn, "dispatcher", messages);
        std::vector<std::int64_t> ids;
        for (const auto& row : txn.exec("SELECT id FROM bus.outbox")) {
            ids.push_back(row.get<std::int64_t>("id"));
        }
        outbox::settle_rows(txn, ids, true);
    });
}

}  // namespace lamda::gateway
