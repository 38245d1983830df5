// A job's row is the fold of its journal: apply_event() is the only thing that changes one.
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
    wire::ChainState chain_state = wire::ChainState::kAbsent;  ///< kAbsent: its creation is orphaned
    std::optional<wire::WorkState> work_state;                 ///< absent: not judged yet
    std::uint32_t attempt = 0;                                 ///< highest that ever left; only rises
    std::uint32_t tries = 0;                                   ///< those of them that count in MAX_ATTEMPTS
    std::optional<std::string> docker_image;
    std::optional<std::string> input_file_cid;
    std::optional<std::string> output_file_cid;
    std::optional<std::uint32_t> time_limit_seconds;
    std::optional<std::string> error_message;
    Timestamp created_at;
    Timestamp updated_at;
    Timestamp work_since;  ///< of the present work state
    std::optional<Timestamp> assigned_at;
    std::optional<Timestamp> running_since;  ///< of the present attempt
    std::optional<Timestamp> completed_at;
    std::optional<Timestamp> failed_at;
    std::int64_t last_event = 0;
    bool operator==(const JobRow&) const = default;

    wire::PublicStatus status() const { return wire::public_status(chain_state, work_state); }
    /// An agent has, or may still get, the present attempt.
    bool attempt_is_out() const;
};

/// Facts before the first creation have no row to change. Refused and orphaned entries change no state; but a
/// `completed` fills an empty output whatever came before it, and an orphaned creation leaves a retracted job
/// behind.
void apply_event(std::optional<JobRow>& row, const JobEvent& event);
std::optional<JobRow> fold(std::span<const JobEvent> journal);

}  // namespace lamda::dispatch
