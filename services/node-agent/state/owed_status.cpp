#include "services/node-agent/state/owed_status.hpp"

#include <algorithm>

namespace lamda::agent {

std::vector<OwedStatus> owed_statuses(const JobId& job, const JobRecord& record) {
    std::vector<OwedStatus> out;
    for (const auto& [number, attempt] : record.attempts) {
        if (attempt.final_status && !attempt.final_applied && attempt.outbox.empty()) {
            out.push_back({{job, number}, attempt.last_seq, *attempt.final_status, true});
        }
    }
    if (const auto& report = record.stopped; report && !report->applied) {
        out.push_back({{job, report->attempt}, report->seq, report->json, report->sent});
    }
    return out;
}

bool report_due(const JobRecord& record) {
    if (record.void_through == 0 || (record.stopped && record.stopped->attempt >= record.void_through)) {
        return false;
    }
    const auto last = record.attempts.find(record.void_through);
    if (last != record.attempts.end() && last->second.phase == Phase::kFinished) {
        return false;
    }
    return std::all_of(record.attempts.begin(), record.attempts.end(), [&](const auto& each) {
        const auto& [number, attempt] = each;
        return number > record.void_through ||
               (!attempt.active() && (attempt.phase != Phase::kVoid || attempt.cleaned));
    });
}

void ask_again(JobRecord& record, const wire::Retraction& retraction) {
    if (!record.stopped || record.stopped->attempt < retraction.attempt) {
        return;
    }
    if (record.stopped->json.empty()) {  // of an earlier release, which signed none
        record.stopped.reset();
    } else {
        record.stopped->sent = false;
        record.stopped->applied = false;
    }
}

void note_applied(JobRecord& record, const wire::StatusApplied& applied) {
    const auto found = record.attempts.find(applied.attempt);
    if (found != record.attempts.end() && found->second.final_status &&
        applied.seq >= found->second.last_seq) {
        found->second.final_applied = true;
    }
    if (record.stopped && record.stopped->attempt == applied.attempt && applied.seq >= record.stopped->seq) {
        record.stopped->applied = true;
    }
}

std::vector<OwedStatus> RepeatSchedule::due(const std::vector<OwedStatus>& owed, Steady now) {
    std::vector<OwedStatus> out;
    std::map<Key, Turn> turns;
    for (const auto& status : owed) {
        const Key key(status.key, status.seq, status.sent);
        const auto known = turns_.find(key);
        Turn turn = known == turns_.end() ? Turn{status.sent ? now + kFirst : now, kFirst} : known->second;
        if (turn.at <= now) {
            out.push_back(status);
            turn = {now + turn.pause, std::min(2 * turn.pause, kLongest)};
        }
        turns.emplace(key, turn);
    }
    turns_ = std::move(turns);
    return out;
}

}  // namespace lamda::agent
