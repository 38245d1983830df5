#include "services/job-dispatcher/dispatch/assignment_loop.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "services/job-dispatcher/bus/statuses.hpp"
#include "services/job-dispatcher/dispatch/due_attempts.hpp"
#include "services/job-dispatcher/ingest/projection.hpp"
#include "services/job-dispatcher/jobs/job_store.hpp"

namespace lamda::dispatch {

namespace {

struct Due {
    std::vector<JobId> jobs;
    std::vector<Address> providers;  ///< registered ones
};

/// Returns registered providers with at least one signed heartbeat. Their durables are created before their
/// first job, so that a starting agent can check its connection. A registration alone creates no durable: it
/// costs only gas, a durable costs resources of the bus.
std::vector<Address> active_providers(store::Txn& txn) {
    std::vector<Address> out;
    for (const auto row :
         txn.exec("SELECT wallet_address FROM api.node WHERE is_registered AND heartbeat_seq > 0")) {
        out.push_back(row.get<Address>("wallet_address"));
    }
    return out;
}

/// Selects final jobs that are not evaluated (public status `created`), and jobs whose missing spec or
/// provider has arrived. Evaluation changes the state of each. Reads jobs with status `created` in index
/// order, up to the limit: there may be a million.
constexpr auto kDueSql = R"(
SELECT id, provider,
       EXISTS (SELECT 1 FROM api.node n WHERE n.wallet_address = provider AND n.is_registered) AS is_registered
FROM (
    (SELECT j.id, j.provider, j.block_num, j.log_index FROM dispatch.job j
     WHERE j.status = 'created' AND j.block_num <= $1 ORDER BY j.block_num, j.log_index LIMIT $2)
    UNION ALL
    SELECT j.id, j.provider, j.block_num, j.log_index FROM dispatch.job j
    WHERE j.work_state = 'awaiting_spec' AND j.chain_state = 'created' AND j.block_num <= $1
      AND (EXISTS (SELECT 1 FROM dispatch.spec s WHERE s.id = j.id)
           OR EXISTS (SELECT 1 FROM dispatch.attached_spec a WHERE a.job_id = j.id))
    UNION ALL
    SELECT j.id, j.provider, j.block_num, j.log_index FROM dispatch.job j
    WHERE j.work_state = 'awaiting_provider' AND j.chain_state = 'created' AND j.block_num <= $1
      AND EXISTS (SELECT 1 FROM api.node n WHERE n.wallet_address = j.provider AND n.is_registered)
) due
ORDER BY block_num, log_index LIMIT $2)";

/// Selects jobs with early statuses that were stored while another transaction wrote the job's row.
constexpr auto kLeftEarlySql = R"(
SELECT DISTINCT e.job_id FROM dispatch.early_status e JOIN dispatch.job j ON j.id = e.job_id
WHERE j.work_state IS NOT NULL OR j.chain_state IN ('confirmed', 'paid') LIMIT $1)";

Due find_due(store::Txn& txn, BlockNum boundary, std::size_t most) {
    Due out;
    std::set<Address> providers;
    for (const auto row : txn.exec(kDueSql, {boundary, static_cast<std::uint64_t>(most)})) {
        out.jobs.push_back(row.get<JobId>("id"));
        if (row.get<bool>("is_registered")) {
            providers.insert(row.get<Address>("provider"));
        }
    }
    out.providers.assign(providers.begin(), providers.end());
    for (const auto row : txn.exec(kLeftEarlySql, {static_cast<std::uint64_t>(most)})) {
        out.jobs.push_back(row.get<JobId>("job_id"));
    }
    return out;
}

}  // namespace

AssignmentLoop::AssignmentLoop(store::Database& database, BusSetup& setup, Deployment& deployment,
                               const StreamProgress& progress, const StatusCatchUp& catch_up,
                               const telemetry::Context& context)
    : database_(database),
      setup_(setup),
      deployment_(deployment),
      progress_(progress),
      catch_up_(catch_up),
      clock_(context.clock),
      log_(context.log),
      assigned_(context.metrics.counter("lamda_dispatch_assignments_total",
                                        "Attempts that the assignment loop put into the outbox.")),
      sent_again_(
          context.metrics.counter("lamda_dispatch_retries_total",
                                  "Attempts sent after the pause that follows a transient failure.")) {}

void AssignmentLoop::run(const std::stop_token& stop) {
    constexpr std::size_t kMost = 500;
    store::Listener listener(database_, {kWakeChannel, "lamda_spec", "lamda_node"});
    while (!stop.stop_requested()) {
        for (const auto& provider : database_.transact(active_providers)) {
            setup_.ensure_provider(provider);
        }
        while (!stop.stop_requested() && pass(kMost) >= kMost) {
        }
        while (!stop.stop_requested() && send_due(kMost) >= kMost) {
        }
        listener.wait(Millis(500));
    }
}

std::size_t AssignmentLoop::pass(std::size_t most) {
    if (!may_assign()) {
        return 0;
    }
    const Due due =
        database_.transact([&](store::Txn& txn) { return find_due(txn, read_boundary(txn), most); });
    if (due.jobs.empty()) {
        return 0;
    }
    for (const auto& provider : due.providers) {
        setup_.ensure_provider(provider);  // before the provider's first outbox row
    }
    const std::set<Address> reachable(due.providers.begin(), due.providers.end());
    crash_point("judge.before_commit");
    const std::size_t sent = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        if (!policy) {
            return 0;
        }
        const auto rows = lock_free_jobs(txn, due.jobs);
        // Read from the database, after locking the rows: another instance may read the chain, and its unwind
        // lowers the boundary in the transaction that orphans the job's block.
        const BlockNum boundary = read_boundary(txn);
        const auto specs = read_specs(txn, due.jobs);
        const bool early = early_statuses_wait(txn);
        std::vector<JobWrite> writes;
        for (const auto& [id, row] : rows) {
            JobWrite write;
            write.before = row;
            const auto stored = specs.find(id);
            const SpecKnown known =
                read_spec(stored == specs.end() ? std::nullopt : std::optional(stored->second));
            write.spec = known.spec;
            if (early) {
                absorb_early(txn, write, *policy, clock_.now());
            }
            const auto now_row = present(write);
            if (now_row->created_in.block.number <= boundary) {
                write.add(evaluate(*now_row, known, reachable.contains(row.provider), *policy, clock_.now()));
            }
            if (!write.entries.empty()) {
                writes.push_back(std::move(write));
            }
        }
        write_jobs(txn, writes, policy->chain_id, clock_.now());
        return static_cast<std::size_t>(std::count_if(
            writes.begin(), writes.end(), [](const JobWrite& write) { return write.send_attempt; }));
    });
    crash_point("judge.after_commit");
    if (sent > 0) {
        assigned_.add(static_cast<double>(sent));
        log_.info("attempts assigned", {{"count", sent}});
    }
    return due.jobs.size();
}

std::size_t AssignmentLoop::send_due(std::size_t most) {
    if (!may_assign()) {
        return 0;
    }
    const std::size_t sent = database_.transact([&](store::Txn& txn) -> std::size_t {
        const auto policy = deployment_.policy(txn);
        return policy ? send_due_attempts(txn, *policy, clock_.now(), most) : 0;
    });
    crash_point("retry.after_commit");
    if (sent > 0) {
        sent_again_.add(static_cast<double>(sent));
        log_.info("attempts sent after a pause", {{"count", sent}});
    }
    return sent;
}

}  // namespace lamda::dispatch
