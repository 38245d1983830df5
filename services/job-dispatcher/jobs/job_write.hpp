// Writes changes of jobs to the database: journal entries, folded rows, attempts and messages, in one
// transaction.
#pragma once

#include <string>
#include <vector>

#include "outbox/outbox.hpp"
#include "services/job-dispatcher/jobs/job_transitions.hpp"
#include "store/database.hpp"
#include "wire/documents/receipt.hpp"

namespace lamda::dispatch {

/// A status of another provider that was stored before its job was known.
struct RefusedStatus {
    Address provider;
    std::string body;
    std::string reason;
};

/// The change of one job: the result of a decision, to be saved by write_jobs().
struct JobWrite {
    std::optional<JobRow> before;  ///< absent: the job is new
    std::vector<JobEvent> entries;
    bool send_attempt = false;
    Millis pause{0};  ///< before the attempt is sent
    std::optional<Retract> retract;
    std::optional<wire::JobSpec> spec;           ///< required to send an attempt
    std::vector<wire::JobStatus> progress;       ///< each the newest status of its attempt, in order
    std::optional<wire::SignedReceipt> receipt;  ///< of the output that the entries set; checked
    std::vector<RefusedStatus> refused;          ///< for dead letters
    std::optional<JobRow> after;  ///< set: the row was folded again (unwind); else `before` plus the entries

    /// Adds a transition. Its attempt replaces the attempt that an earlier transition of this write would
    /// have sent.
    void add(JobTransition transition);
    /// Returns `before` with the entries applied.
    std::optional<JobRow> present() const;
    /// True if there is nothing to save.
    bool nothing() const;
};

/// Saves the changes: progress, journal, rows, attempts, dead letters and outbox. Sets every `after`. Entries
/// that are not recent (outbox::is_recent) cause no event for the live feed.
void write_jobs(store::Txn& txn, std::vector<JobWrite>& writes, ChainId chain, Timestamp now);

}  // namespace lamda::dispatch
