// Folds a job's journal into its row. apply_event() is the only function that changes a row.
#pragma once

#include <span>

#include "services/job-dispatcher/jobs/journal_entry.hpp"

namespace lamda::dispatch {

struct JobRow {
    JobId id;
    Address renter;
    Address provider;
    U256 payment;  ///< wei
    ChainPosition created_in;
    wire::ChainState chain_state = wire::ChainState::kAbsent;  ///< kAbsent: the creation is orphaned
    std::optional<wire::WorkState> work_state;                 ///< absent: not evaluated yet
    std::uint32_t attempt = 0;                                 ///< highest one ever sent; never decreases
    std::uint32_t tries = 0;                                   ///< attempts that count against MAX_ATTEMPTS
    std::optional<std::string> docker_image;
    std::optional<std::string> input_file_cid;
    std::optional<std::string> output_file_cid;
    std::optional<std::uint32_t> time_limit_seconds;
    std::optional<std::string> error_message;
    Timestamp created_at;
    Timestamp updated_at;
    Timestamp work_since;  ///< start of the current work state
    std::optional<Timestamp> assigned_at;
    std::optional<Timestamp> running_since;  ///< of the current attempt
    std::optional<Timestamp> completed_at;
    std::optional<Timestamp> failed_at;
    /// Facts `provider_draining` and `provider_back` since the job waits for its provider: an odd number
    /// while the provider drains.
    std::uint32_t drain_notices = 0;
    std::int64_t last_event = 0;
    bool operator==(const JobRow&) const = default;

    wire::PublicStatus status() const { return wire::public_status(chain_state, work_state); }
    /// True if an agent has received, or may still receive, the current attempt.
    bool has_active_attempt() const;
    /// True if the journal says that the job waits for a provider that takes no new work.
    bool provider_draining() const { return drain_notices % 2 == 1; }
};

/// Applies one journal entry. Facts before the first creation have no effect. Refused and orphaned entries
/// change no state, with two exceptions: a `completed` always fills an empty output, and an orphaned creation
/// leaves a retracted job.
void apply_event(std::optional<JobRow>& row, const JobEvent& event);
std::optional<JobRow> fold(std::span<const JobEvent> journal);

}  // namespace lamda::dispatch
