#include "services/job-dispatcher/jobs/job_events.hpp"

#include "wire/events.hpp"

namespace lamda::dispatch {

void put_job_event(std::vector<outbox::OutboxMessage>& out, const JobRow& row, const JobEvent& cause,
                   ChainId chain, const std::string& mark) {
    wire::EventCause why{cause.id, cause.at, chain, std::nullopt, std::nullopt};
    if (cause.position) {
        why.block = cause.position->block;
        why.log_index = cause.position->log_index;
    }
    for (auto& message : wire::event_messages(why,
                                              wire::JobUpdate{row.id, row.status(), row.attempt, row.renter,
                                                              row.provider, row.provider_draining()},
                                              mark)) {
        out.push_back({std::move(message.subject), std::move(message.message_id), std::move(message.body)});
    }
}

void apply_with_events(std::optional<JobRow>& row, const JobEvent& entry, ChainId chain, Timestamp now,
                       std::vector<outbox::OutboxMessage>& out) {
    const auto before =
        row ? std::optional(std::pair(row->status(), row->provider_draining())) : std::nullopt;
    apply_event(row, entry);
    const bool visible = row && before != std::pair(row->status(), row->provider_draining());
    if (visible && outbox::is_recent(entry.at, now)) {
        put_job_event(out, *row, entry, chain);
    }
}

}  // namespace lamda::dispatch
