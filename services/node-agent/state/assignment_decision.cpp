#include "services/node-agent/state/assignment_decision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>

#include "wire/image_reference.hpp"

namespace lamda::agent {

namespace {

constexpr std::int32_t kSignalBase = 128;
constexpr std::uint64_t kMib = 1ULL << 20;

/// True if both attempts run the same image, input, command, environment and requirements.
bool same_work(const wire::Assignment& a, const wire::Assignment& b) {
    return a.docker_image == b.docker_image && a.input_file_cid == b.input_file_cid &&
           a.command == b.command && a.env == b.env && a.requirements == b.requirements;
}

/// The setting that contradicts the assignment; absent: none.
std::optional<std::string> contradiction(const wire::Assignment& assignment, const Self& self) {
    if (assignment.chain_id != self.chain_id) {
        return fmt::format(
            "the job is on chain {0}, this agent is configured for chain {1}: set BSC_CHAIN_ID to {0} and "
            "BSC_RPC_URL to endpoints of that chain, or correct the dispatcher's settings",
            assignment.chain_id.value, self.chain_id.value);
    }
    if (assignment.job_manager && *assignment.job_manager != self.job_manager) {
        return fmt::format(
            "the job is on contract {0}, this agent is configured for {1}: set JOB_MANAGER_CONTRACT_ADDRESS "
            "to {0}, or correct the dispatcher's settings",
            assignment.job_manager->hex(), self.job_manager.hex());
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(AssignmentDecision decision) {
    switch (decision) {
        case AssignmentDecision::kAccept:
            return "accept";
        case AssignmentDecision::kRefuse:
            return "refuse";
        case AssignmentDecision::kReturn:
            return "return";
        case AssignmentDecision::kRepublish:
            return "republish";
        case AssignmentDecision::kIgnore:
            return "ignore";
        case AssignmentDecision::kDefer:
            return "defer";
    }
    return "";
}

Verdict decide(const wire::Assignment& assignment, const std::optional<JobRecord>& record, const Self& self) {
    if (record) {
        if (const auto known = record->attempts.find(assignment.attempt); known != record->attempts.end()) {
            if (known->second.phase == Phase::kFinished && known->second.final_status &&
                assignment.attempt > record->void_through) {
                return {AssignmentDecision::kRepublish, "already finished"};
            }
            return {AssignmentDecision::kIgnore, known->second.active() ? "already active" : "already ended"};
        }
        if (assignment.attempt <= record->void_through) {
            return {AssignmentDecision::kIgnore,
                    fmt::format("retracted up to attempt {}", record->void_through)};
        }
        if (assignment.attempt < record->highest()) {
            return {AssignmentDecision::kIgnore, fmt::format("superseded by attempt {}", record->highest())};
        }
    }
    if (auto wrong = contradiction(assignment, self)) {
        return {AssignmentDecision::kReturn, *std::move(wrong)};
    }
    // A spec that did not pass through a gateway may hold any image name.
    if (const auto named = wire::check_image_reference(assignment.docker_image); !named) {
        return {AssignmentDecision::kRefuse, "invalid image name: " + named.error().message};
    }
    if (const auto refusals = wire::policy_refusals(
            self.policy,
            {assignment.requirements, assignment.docker_image, assignment.renter, assignment.payment});
        !refusals.empty()) {
        return {AssignmentDecision::kRefuse, refusals.front().message};
    }
    if (auto why = unmet_requirement(assignment.requirements, self.offer)) {
        return {AssignmentDecision::kRefuse, *std::move(why)};
    }
    if (self.duplicate_agent) {
        return {AssignmentDecision::kDefer, "another agent uses the same key"};
    }
    if (self.active >= self.capacity) {
        return {AssignmentDecision::kDefer, "no free slot"};
    }
    return {AssignmentDecision::kAccept, "new"};
}

RetractionDecision decide(const wire::Retraction& retraction, const std::optional<JobRecord>& record,
                          std::optional<ChainId> chain, const Address& job_manager) {
    const bool own = record && !record->attempts.empty();
    std::optional<Address> contract = job_manager;
    if (own) {
        const auto& assignment = record->attempts.rbegin()->second.assignment;
        chain = assignment.chain_id;
        contract = assignment.job_manager;
    }
    if (retraction.chain_id && !chain) {
        return RetractionDecision::kDefer;
    }
    const bool foreign = (retraction.chain_id && *retraction.chain_id != *chain) ||
                         (retraction.job_manager && contract && *retraction.job_manager != *contract);
    if (!foreign) {
        return RetractionDecision::kApply;
    }
    return own ? RetractionDecision::kRefuse : RetractionDecision::kVoid;
}

bool keeps_output(const JobRecord& record, std::uint32_t attempt, Timestamp now) {
    const auto found = record.attempts.find(attempt);
    if (found == record.attempts.end() || !found->second.store_failed || found->second.cleaned ||
        attempt <= record.void_through || now - found->second.last_status_at >= kKeepOutput) {
        return false;
    }
    return std::all_of(std::next(found), record.attempts.end(),
                       [](const auto& later) { return later.second.active(); });
}

void enter(JobRecord& record, const wire::Assignment& assignment, Timestamp now) {
    const Attempt* earlier = nullptr;
    if (!record.attempts.empty() && keeps_output(record, record.highest(), now) &&
        same_work(record.attempts.rbegin()->second.assignment, assignment)) {
        earlier = &record.attempts.rbegin()->second;
    }
    for (auto& [number, attempt] : record.attempts) {
        if (number < assignment.attempt && attempt.active()) {
            attempt.phase = Phase::kVoid;
            attempt.outbox.clear();
        }
    }
    Attempt fresh;
    fresh.assignment = assignment;
    fresh.accepted_at = now;
    if (earlier != nullptr) {
        fresh.ran = earlier->ran;
        fresh.output_of = earlier->assignment.attempt;
    }
    record.attempts.emplace(assignment.attempt, std::move(fresh));
}

void enter(JobRecord& record, const wire::Retraction& retraction) {
    record.void_through = std::max(record.void_through, retraction.attempt);
    for (auto& [number, attempt] : record.attempts) {
        if (number <= record.void_through && attempt.active()) {
            attempt.phase = Phase::kVoid;
            attempt.outbox.clear();
        }
    }
}

void forget_work(Attempt& attempt) {
    attempt.assignment.command.clear();
    attempt.assignment.env.clear();
    attempt.assignment.spec.reset();
    attempt.cleaned = true;  // nothing of it was ever made
}

void enter_unanswered(JobRecord& record, const wire::Retraction& retraction) {
    enter(record, retraction);
    record.stopped = StoppedReport{record.void_through, 0, "", true, true};
}

std::uint64_t disk_limit(const wire::Requirements& requirements) {
    return requirements.disk_mib * kMib;
}

Outcome outcome_of(const Ended& ended, const wire::Requirements& requirements) {
    const auto& written = ended.written;
    if (written.total() > disk_limit(requirements)) {
        return {wire::ErrorCode::kOutputTooLarge,
                fmt::format("the job wrote at least {} bytes, {} MiB are allowed: {} to /output, {} "
                            "elsewhere in its file system, {} in volumes of its image",
                            written.total(), requirements.disk_mib, written.output, written.layer,
                            written.volumes)};
    }
    if (ended.exit_code == 0) {
        return {};  // even if a child process ran out of memory: the exit code reports success
    }
    if (ended.oom_killed) {
        return {wire::ErrorCode::kOom,
                fmt::format("out of memory: {} MiB are allowed", requirements.memory_mib)};
    }
    if (ended.overran) {
        return {wire::ErrorCode::kTimeout,
                fmt::format("stopped after its time limit of {} s", requirements.time_limit_seconds)};
    }
    // The kernel stops a write at the file size limit: the process gets SIGXFSZ, or EFBIG and exits.
    if (ended.exit_code == kSignalBase + SIGXFSZ || written.total() == disk_limit(requirements)) {
        return {wire::ErrorCode::kOutputTooLarge,
                fmt::format("the job reached its disk limit of {} MiB", requirements.disk_mib)};
    }
    if (ended.engine_lost) {
        return {wire::ErrorCode::kInternal,
                fmt::format("exit code {}, while the container engine shut down", ended.exit_code)};
    }
    return {wire::ErrorCode::kExitNonzero, fmt::format("exit code {}", ended.exit_code)};
}

}  // namespace lamda::agent
