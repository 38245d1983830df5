#include "services/job-dispatcher/jobs/job_write.hpp"

#include <algorithm>

#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/jobs/job_events.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

namespace {

using outbox::OutboxMessage;

void put_attempt(std::vector<OutboxMessage>& out, const Change& change) {
    const JobRow& row = *change.after;
    const auto message = assignment_of(row, change.spec.value());
    out.push_back({wire::dispatch_subject(row.provider), wire::dispatch_message_id(row.id, row.attempt),
                   wire::to_json(message)});
}

void put_retraction(std::vector<OutboxMessage>& out, const JobRow& row, const Retract& retract) {
    const wire::Retraction message{row.id, retract.attempt, retract.reason};
    out.push_back({wire::retract_subject(row.provider), wire::retract_message_id(row.id, retract.attempt),
                   wire::to_json(message)});
}

/// All entries as the chain has them, whatever their jobs: what was decided of a job stands behind the fact
/// that it follows from.
std::vector<JobEvent*> in_order(std::vector<Change>& changes) {
    struct Placed {
        BlockNum block;
        std::uint64_t log_index = 0;
        std::size_t arrival = 0;
        JobEvent* entry = nullptr;
        auto operator<=>(const Placed&) const = default;
    };
    std::vector<Placed> placed;
    placed.reserve(changes.size());
    for (auto& change : changes) {
        Placed place;
        for (auto& entry : change.entries) {
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
                   [](const Placed& one) { return one.entry; });
    return out;
}

/// The row after the entries; an event for each that changes what people see.
void fold_entries(Change& change, std::vector<OutboxMessage>& messages, ChainId chain, Timestamp now) {
    const bool refolded = change.after.has_value();
    std::optional<JobRow> row = change.before;
    for (const auto& entry : change.entries) {
        apply_with_news(row, entry, chain, now, messages);
    }
    if (!refolded) {
        change.after = std::move(row);
    } else if (row && change.after->status() != row->status() && outbox::is_news(row->updated_at, now)) {
        JobEvent taken_back;
        taken_back.id = row->last_event;
        taken_back.at = now;
        put_news(messages, *change.after, taken_back, chain, "unwound");
    }
}

}  // namespace

void Change::add(Decision decision) {
    for (const auto& entry : decision.entries) {
        if (!entry.refused_reason && entry.body.next_attempt) {
            send_attempt = false;
        }
    }
    if (decision.send_attempt) {
        pause = decision.pause;
    }
    entries.insert(entries.end(), std::make_move_iterator(decision.entries.begin()),
                   std::make_move_iterator(decision.entries.end()));
    send_attempt = send_attempt || decision.send_attempt;
    if (decision.retract) {
        retract = decision.retract;
    }
}

void write_changes(store::Txn& txn, std::vector<Change>& changes, ChainId chain, Timestamp now) {
    append_journal(txn, in_order(changes));

    std::vector<const JobRow*> created;
    std::vector<const JobRow*> changed;
    std::vector<const JobRow*> sent;
    std::vector<WaitingAttempt> waiting;
    std::vector<RetractedAttempt> retracted;
    std::vector<OutboxMessage> messages;
    for (auto& change : changes) {
        fold_entries(change, messages, chain, now);
        if (!change.after) {
            continue;  // facts of a job whose creation lies before the start block
        }
        if (!change.before) {
            created.push_back(&*change.after);
        } else if (change.after != change.before) {
            changed.push_back(&*change.after);
        }
        if (change.retract) {
            // To the provider who has the attempt: a creation in another block may name another one.
            put_retraction(messages, change.before ? *change.before : *change.after, *change.retract);
            retracted.push_back({change.after->id, change.retract->attempt});
        }
        if (change.send_attempt && change.pause > Millis{0}) {
            waiting.push_back({&*change.after, change.pause});
        } else if (change.send_attempt) {
            put_attempt(messages, change);
            sent.push_back(&*change.after);
        }
    }
    insert_jobs(txn, created);
    update_jobs(txn, changed);
    void_assignments(txn, retracted);
    put_assignments(txn, sent, now);
    put_waiting(txn, waiting, now);
    outbox::put_outbox(txn, kOutboxOwner, messages);
}

}  // namespace lamda::dispatch
