// Rows, specs and statuses of one job, for tests of decisions.
#pragma once

#include "services/job-dispatcher/jobs/job_transitions.hpp"

namespace lamda::dispatch::testing {

inline const Timestamp kNow = from_unix_seconds(1'790'000'000);

inline Address address(std::uint8_t last) {
    Address out;
    out.array()[19] = last;
    return out;
}

inline Policy policy() {
    return {
        .max_attempts = 3, .retry_pause = Millis(20'000), .chain_id = ChainId{97}, .job_manager = address(9)};
}

inline wire::JobSpec spec() {
    wire::JobSpec out;
    out.chain_id = ChainId{97};
    out.job_manager = address(9);
    out.renter = address(1);
    out.provider = address(2);
    out.min_payment = 100;
    out.docker_image = "lamda/busybox:1.35";
    return out;
}

inline SpecKnown known() {
    return {spec(), ""};
}

inline JobRow created() {
    JobRow row;
    row.id = wire::job_id_of(spec());
    row.renter = address(1);
    row.provider = address(2);
    row.payment = 100;
    row.chain_state = wire::ChainState::kCreated;
    return row;
}

/// The row after the transition's entries.
inline JobRow after(const JobRow& row, const JobTransition& transition) {
    std::optional<JobRow> out = row;
    for (const auto& event : transition.entries) {
        apply_event(out, event);
    }
    return *out;
}

inline JobRow assigned() {
    return after(created(), evaluate(created(), known(), true, policy(), kNow));
}

inline wire::JobStatus status(wire::StatusKind kind, std::uint32_t attempt = 1, std::uint32_t seq = 1) {
    wire::JobStatus out;
    out.job_id = created().id;
    out.attempt = attempt;
    out.seq = seq;
    out.provider = address(2);
    out.status = kind;
    out.at = kNow;
    return out;
}

inline wire::JobStatus failed(wire::ErrorCode code, std::uint32_t attempt = 1) {
    auto out = status(wire::StatusKind::kFailed, attempt, 2);
    out.error_code = code;
    return out;
}

}  // namespace lamda::dispatch::testing
