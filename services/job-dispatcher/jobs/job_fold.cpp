#include "services/job-dispatcher/jobs/job_fold.hpp"

#include <algorithm>

namespace lamda::dispatch {

namespace {

using wire::ChainState;
using wire::WorkFact;
using wire::WorkState;

void set_identity(JobRow& row, const JobEvent& event) {
    row.renter = event.body.renter.value_or(Address{});
    row.provider = event.body.provider.value_or(Address{});
    row.payment = event.body.amount.value_or(U256(0));
    row.created_in = event.position.value_or(ChainPosition{});
    row.created_at = event.at;
}

void apply_created(std::optional<JobRow>& row, const JobEvent& event) {
    if (!row) {
        row.emplace();
        row->id = event.job_id;
        row->updated_at = event.at;
        row->work_since = event.at;
        set_identity(*row, event);
    } else if (row->chain_state != ChainState::kAbsent) {
        return;  // a second creation while the first is canonical: the first one counts
    } else {
        set_identity(*row, event);
    }
    if (row->work_state && !wire::is_terminal(*row->work_state)) {
        // Re-created in another block: the work is evaluated again. Also for a creation that is orphaned by
        // now, because the facts that follow were evaluated against it.
        row->work_state.reset();
        row->drain_notices = 0;
        row->work_since = event.at;
        row->error_message.reset();
    }
    if (!event.orphaned) {
        row->chain_state = ChainState::kCreated;
    }
}

void apply_chain(std::optional<JobRow>& row, const JobEvent& event, ChainFact fact) {
    if (fact == ChainFact::kCreated) {
        apply_created(row, event);
        return;
    }
    if (!row || event.orphaned || row->chain_state == ChainState::kAbsent) {
        return;
    }
    const auto reached = fact == ChainFact::kConfirmed ? ChainState::kConfirmed : ChainState::kPaid;
    row->chain_state = std::max(row->chain_state, reached);
}

void start_attempt(JobRow& row, const JobEvent& event) {
    row.tries += event.body.uncounted ? 0 : 1;
    row.assigned_at = event.at;
    row.running_since.reset();
}

void take_spec(JobRow& row, const FactBody& body) {
    if (body.docker_image) {
        row.docker_image = body.docker_image;
        row.input_file_cid = body.input_file_cid;
        row.time_limit_seconds = body.time_limit_seconds;
    }
}

void fill_output(JobRow& row, const JobEvent& event) {
    if (!row.output_file_cid) {
        row.output_file_cid = event.body.output_file_cid;
    }
}

/// Counts the notice if it says something new.
void note_drain(JobRow& row, bool draining) {
    row.drain_notices += row.provider_draining() == draining ? 0 : 1;
}

void apply_work(JobRow& row, const JobEvent& event, WorkFact fact) {
    const auto next = event.refused_reason ? std::nullopt : wire::next_state(row.work_state, fact);
    if (!event.refused_reason) {
        row.attempt =
            std::max(row.attempt, event.body.next_attempt.value_or(0));  // it was sent, whatever its result
    }
    if (!next) {
        if (fact == WorkFact::kCompleted) {
            fill_output(row, event);
        }
        return;
    }
    if (next != row.work_state) {
        row.work_since = event.at;
    }
    row.work_state = next;
    take_spec(row, event.body);
    switch (fact) {
        case WorkFact::kSpecMissing:
        case WorkFact::kProviderUnknown:
        case WorkFact::kAccepted:
            break;
        case WorkFact::kAssignable:
            start_attempt(row, event);
            row.error_message.reset();
            break;
        case WorkFact::kRetry:
            start_attempt(row, event);
            row.error_message = event.body.error_message;
            break;
        case WorkFact::kRunning:
            row.running_since = row.running_since.value_or(event.at);
            break;
        case WorkFact::kCompleted:
            fill_output(row, event);
            row.completed_at = event.at;
            row.error_message.reset();
            break;
        case WorkFact::kProviderDraining:
        case WorkFact::kProviderBack:
            note_drain(row, fact == WorkFact::kProviderDraining);
            break;
        case WorkFact::kSpecContradicts:
        case WorkFact::kExhausted:
        case WorkFact::kFailedForGood:
        case WorkFact::kSpecExpired:
        case WorkFact::kSetCancelled:
        case WorkFact::kSetFailed:
            row.error_message = event.body.error_message;
            break;
    }
    if (next == WorkState::kFailed) {
        row.failed_at = event.at;
    }
    if (next != WorkState::kAssigned) {
        row.drain_notices = 0;
    }
}

}  // namespace

bool JobRow::has_active_attempt() const {
    return attempt > 0 && (work_state == WorkState::kAssigned || work_state == WorkState::kAccepted ||
                           work_state == WorkState::kRunning);
}

void apply_event(std::optional<JobRow>& row, const JobEvent& event) {
    if (const auto* chain = std::get_if<ChainFact>(&event.fact)) {
        apply_chain(row, event, *chain);
    } else if (row) {
        apply_work(*row, event, std::get<WorkFact>(event.fact));
    }
    if (row && !event.orphaned) {
        row->last_event = std::max(row->last_event, event.id);
        row->updated_at = std::max(row->updated_at, event.at);
    }
}

std::optional<JobRow> fold(std::span<const JobEvent> journal) {
    std::optional<JobRow> row;
    for (const auto& event : journal) {
        apply_event(row, event);
    }
    return row;
}

}  // namespace lamda::dispatch
