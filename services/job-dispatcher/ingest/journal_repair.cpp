#include "services/job-dispatcher/ingest/journal_repair.hpp"

#include <algorithm>

#include "pgingest/log_diff.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/job_write.hpp"
#include "services/job-dispatcher/jobs/journal_store.hpp"
#include "store/channels.hpp"

namespace lamda::dispatch {

namespace {

constexpr Fact kCreatedFact = ChainFact::kCreated;

/// Chain position of a chain fact.
std::pair<BlockNum, std::uint64_t> place(const JobEvent& event) {
    return {event.position->block.number, event.position->log_index};
}

bool same(const JobEvent& ours, const JobEvent& theirs) {
    return ours.job_id == theirs.job_id && ours.fact == theirs.fact && ours.position == theirs.position &&
           ours.body == theirs.body;
}

/// The journal's entries, the entries of the second reading, and their difference.
struct Compared {
    std::vector<JobEvent> journal;
    std::vector<JobEvent> again;
    pgingest::LogDiff<JobEvent> diff;

    Compared(store::Txn& txn, const JobFactSource& source, const ingest::RangeSnapshot& reading)
        : journal(read_chain_entries(txn, reading.first, reading.blocks.to.number)),
          again(read_entries(source, reading.blocks)),
          diff(pgingest::diff(journal, again, place, same)) {}
    Compared(const Compared&) = delete;  // diff points into the other two
    Compared& operator=(const Compared&) = delete;
};

JobEvent as_new(JobEvent event) {
    event.id = 0;
    event.orphaned = false;
    return event;
}

}  // namespace

JournalPlan plan_repair(const std::vector<JobEvent>& journal, const std::vector<JobEvent>& missing) {
    JournalPlan out;
    bool has_creation = std::any_of(journal.begin(), journal.end(),
                                    [](const JobEvent& entry) { return entry.fact == kCreatedFact; });
    std::optional<std::pair<BlockNum, std::uint64_t>> again_from;
    for (const auto& fact : missing) {
        if (fact.fact == kCreatedFact && !has_creation) {
            // Existing entries had no effect without a creation. In front of them, it makes them count.
            out.in_front.push_back(fact);
            has_creation = true;
            continue;
        }
        if (fact.fact == kCreatedFact && !again_from) {
            again_from = place(fact);
        }
        out.at_end.push_back(fact);
    }
    if (again_from) {
        // Facts that follow this creation on chain were applied to an orphaned creation, without effect.
        for (const auto& entry : journal) {
            if (entry.position && !entry.orphaned && place(entry) > *again_from) {
                out.to_orphan.push_back(entry.id);
                out.at_end.push_back(as_new(entry));
            }
        }
        std::sort(out.at_end.begin(), out.at_end.end(),
                  [](const JobEvent& a, const JobEvent& b) { return place(a) < place(b); });
    }
    return out;
}

JournalRepair::JournalRepair(const JobFactSource& source, Deployment& deployment, const Clock& clock)
    : source_(source), deployment_(deployment), clock_(clock) {}

ingest::Differences JournalRepair::compare(store::Txn& txn, const ingest::RangeSnapshot& again) {
    return pgingest::differences(Compared(txn, source_, again).diff, place);
}

void JournalRepair::repair(store::Txn& txn, const ingest::RangeSnapshot& again) {
    const Compared compared(txn, source_, again);
    pgingest::require_same_blocks(compared.diff, again,
                                  [](const JobEvent& entry) { return entry.position->block; });
    std::map<JobId, std::vector<JobEvent>> missing;
    std::set<JobId> jobs;
    std::set<JobId> false_creations;
    std::vector<std::int64_t> to_orphan;
    for (const auto* entry : compared.diff.to_add) {
        missing[entry->job_id].push_back(*entry);
        jobs.insert(entry->job_id);
    }
    for (const auto* entry : compared.diff.to_drop) {
        to_orphan.push_back(entry->id);
        jobs.insert(entry->job_id);
        if (entry->fact == kCreatedFact) {
            false_creations.insert(entry->job_id);
        }
    }
    const std::vector<JobId> ids(jobs.begin(), jobs.end());
    const auto before = lock_jobs(txn, ids);
    orphan(txn, to_orphan);
    const auto journals = read_journals(txn, ids);
    JournalPlan plan;
    const std::vector<JobEvent> none;
    for (const auto& [job, facts] : missing) {
        const auto journal = journals.find(job);
        auto one = plan_repair(journal == journals.end() ? none : journal->second, facts);
        plan.in_front.insert(plan.in_front.end(), one.in_front.begin(), one.in_front.end());
        plan.to_orphan.insert(plan.to_orphan.end(), one.to_orphan.begin(), one.to_orphan.end());
        plan.at_end.insert(plan.at_end.end(), one.at_end.begin(), one.at_end.end());
    }
    orphan(txn, plan.to_orphan);
    prepend_journal(txn, plan.in_front);
    std::vector<JobEvent*> at_end;
    at_end.reserve(plan.at_end.size());
    for (auto& entry : plan.at_end) {
        at_end.push_back(&entry);
    }
    append_journal(txn, at_end);

    std::vector<JobWrite> writes;
    for (auto& [job, journal] : read_journals(txn, ids)) {
        JobWrite write;
        const auto row = before.find(job);
        write.before = row == before.end() ? std::nullopt : std::optional(row->second);
        write.after = fold(journal);
        if (write.before && false_creations.contains(job)) {
            write.retract = on_orphaned(*write.before);
        }
        if (write.after) {
            writes.push_back(std::move(write));
        }
    }
    const auto policy = deployment_.policy(txn);
    if (!policy) {
        throw std::logic_error("audit repair before the stream is bound to a chain");
    }
    write_jobs(txn, writes, policy->chain_id, clock_.now());
    txn.notify(store::kJobChannel);
}

}  // namespace lamda::dispatch
