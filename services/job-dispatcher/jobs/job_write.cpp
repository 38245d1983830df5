#include "services/job-dispatcher/jobs/job_write.hpp"

#include <algorithm>
#include <iterator>

#include "outbox/dead_letter.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/attempt_store.hpp"
#include "services/job-dispatcher/jobs/job_events.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "services/job-dispatcher/jobs/receipt_store.hpp"
#include "services/job-dispatcher/jobs/retraction_message.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using outbox::OutboxMessage;

void put_attempt(std::vector<OutboxMessage>& out, const JobWrite& write) {
    const JobRow& row = *write.after;
    const auto message = assignment_of(row, write.spec.value());
    out.push_back({wire::dispatch_subject(row.provider), wire::dispatch_message_id(row.id, row.attempt),
                   wire::to_json(message)});
}

/// Returns the entries of all jobs in chain order. A decision follows the fact that caused it.
std::vector<JobEvent*> in_order(std::vector<JobWrite>& writes) {
    struct Placed {
        BlockNum block;
        std::uint64_t log_index = 0;
        std::size_t arrival = 0;
        JobEvent* entry = nullptr;
        auto operator<=>(const Placed&) const = default;
    };
    std::vector<Placed> placed;
    placed.reserve(writes.size());
    for (auto& write : writes) {
        Placed place;
        for (auto& entry : write.entries) {
            if (entry.position) {
                place.block = entry.position->block.number;
                place.log_index = entry.position->log_index;
            }
            place.arrival = placed.size();
            place.entry = &entry;
            placed.push_back(place);
        }
    }
    std::sort(placed.begin(), placed.end());
    std::vector<JobEvent*> out;
    out.reserve(placed.size());
    std::transform(placed.begin(), placed.end(), std::back_inserter(out),
                   [](const Placed& place) { return place.entry; });
    return out;
}

/// Computes the row after the entries. Appends an event for each entry that changes the public status.
void fold_entries(JobWrite& write, std::vector<OutboxMessage>& events, ChainId chain, Timestamp now) {
    const bool refolded = write.after.has_value();
    std::optional<JobRow> row = write.before;
    for (const auto& entry : write.entries) {
        apply_with_events(row, entry, chain, now, events);
    }
    if (!refolded) {
        write.after = std::move(row);
    } else if (row && write.after->status() != row->status() && outbox::is_recent(row->updated_at, now)) {
        JobEvent unwound;
        unwound.id = row->last_event;
        unwound.at = now;
        put_job_event(events, *write.after, unwound, chain, "unwound");
    }
}

}  // namespace

void JobWrite::add(JobTransition transition) {
    for (const auto& entry : transition.entries) {
        if (!entry.refused_reason && entry.body.next_attempt) {
            send_attempt = false;
        }
    }
    if (transition.send_attempt) {
        pause = transition.pause;
    }
    entries.insert(entries.end(), std::make_move_iterator(transition.entries.begin()),
                   std::make_move_iterator(transition.entries.end()));
    send_attempt = send_attempt || transition.send_attempt;
    if (transition.retract) {
        retract = transition.retract;
    }
}

std::optional<JobRow> JobWrite::present() const {
    auto row = before;
    for (const auto& entry : entries) {
        apply_event(row, entry);
    }
    return row;
}

bool JobWrite::nothing() const {
    return entries.empty() && progress.empty() && refused.empty() && !send_attempt && !retract && !after;
}

void write_jobs(store::Txn& txn, std::vector<JobWrite>& writes, ChainId chain, Timestamp now) {
    // Before attempts are voided: an attempt that its agent has ended stays `done`.
    for (const auto& write : writes) {
        for (const auto& status : write.progress) {
            note_progress(txn, status, now);
        }
        for (const auto& status : write.refused) {
            outbox::put_dead_letter(txn, kOutboxOwner, wire::status_subject(status.provider), status.body,
                                    status.reason);
        }
    }
    append_journal(txn, in_order(writes));

    std::vector<const JobRow*> created;
    std::vector<const JobRow*> changed;
    std::vector<const JobRow*> sent;
    std::vector<WaitingAttempt> waiting;
    std::vector<RetractedAttempt> retracted;
    std::vector<OutboxMessage> messages;  // before the events: agents wait for them
    std::vector<OutboxMessage> events;
    RetractionMessages retractions(txn);
    for (auto& write : writes) {
        fold_entries(write, events, chain, now);
        if (!write.after) {
            continue;  // facts of a job that was created before the start block
        }
        if (write.receipt) {
            put_receipt(txn, *write.receipt);
        }
        if (!write.before) {
            created.push_back(&*write.after);
        } else if (write.after != write.before) {
            changed.push_back(&*write.after);
        }
        if (write.retract) {
            // To the provider that has the attempt: a creation in another block may name another provider.
            const auto& holder = write.before ? *write.before : *write.after;
            messages.push_back(retractions.message(holder.id, *write.retract, holder.provider));
            retracted.push_back({write.after->id, write.retract->attempt});
        }
        if (write.send_attempt && write.pause > Millis{0}) {
            waiting.push_back({&*write.after, write.pause});
        } else if (write.send_attempt) {
            put_attempt(messages, write);
            sent.push_back(&*write.after);
        }
    }
    insert_jobs(txn, created);
    update_jobs(txn, changed);
    void_assignments(txn, retracted);
    put_assignments(txn, sent, now);
    put_waiting(txn, waiting, now);
    messages.insert(messages.end(), std::make_move_iterator(events.begin()),
                    std::make_move_iterator(events.end()));
    outbox::put_outbox(txn, kOutboxOwner, messages);
}

}  // namespace lamda::dispatch
