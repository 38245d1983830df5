#include "services/job-dispatcher/bus/statuses.hpp"

#include "services/job-dispatcher/jobs/status_store.hpp"

namespace lamda::dispatch {

StatusOutcome take_status(store::Txn& txn, const ReceivedStatus& received, const Policy& policy,
                          bool caught_up, Timestamp now) {
    const auto found = load_status(txn, received);
    auto decision = decide_status(found, received, policy, caught_up, now);
    const auto outcome = decision.outcome;
    save_status(txn, received, std::move(decision), policy.chain_id, now);
    return outcome;
}

}  // namespace lamda::dispatch
