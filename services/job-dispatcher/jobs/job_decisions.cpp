#include "services/job-dispatcher/jobs/job_decisions.hpp"

namespace lamda::dispatch {

Policy policy_for(const Policy& policy, const std::optional<wire::JobSpec>& spec) {
    Policy out = policy;
    out.max_attempts = spec ? policy.max_attempts : 0;
    return out;
}

void end_without_spec(JobWrite& write, const Policy& policy, Timestamp now) {
    if (write.send_attempt && !write.spec) {
        write.send_attempt = false;
        write.add(on_silence(*write.present(), "the job spec is no longer stored",
                             policy_for(policy, write.spec), now));
    }
}

JobWrite decide_evaluation(EvaluationCase found, BlockNum boundary, const Policy& policy, Timestamp now) {
    JobWrite out = found.job.unchanged();
    add_early_statuses(out, std::move(found.early), policy, now);
    const auto row = out.present();
    if (row->created_in.block.number <= boundary) {
        out.add(evaluate(*row, found.job.spec, found.provider_reachable, policy, now));
    }
    return out;
}

JobWrite decide_due_attempt(const JobCase& job, const Policy& policy, Timestamp now) {
    JobWrite out = job.unchanged();
    out.send_attempt = true;
    end_without_spec(out, policy, now);
    return out;
}

JobWrite decide_silence(const JobCase& job, const OverdueAttempt& overdue, const Policy& policy,
                        Timestamp now) {
    JobWrite out = job.unchanged();
    if (job.row.attempt == overdue.attempt) {
        out.add(on_silence(job.row, overdue.reason, policy_for(policy, out.spec), now));
    }
    return out;
}

JobWrite decide_drain(const JobCase& job, bool draining, Timestamp now) {
    JobWrite out = job.unchanged();
    out.add(on_drain(job.row, draining, now));
    return out;
}

JobWrite decide_spec_ttl(const JobCase& job, Timestamp now) {
    JobWrite out = job.unchanged();
    out.add(on_spec_ttl(job.row, now));
    return out;
}

}  // namespace lamda::dispatch
