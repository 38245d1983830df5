#include "services/job-dispatcher/ingest/deployment.hpp"

#include "services/job-dispatcher/ingest/progress_store.hpp"

namespace lamda::dispatch {

Deployment::Deployment(Address job_manager, std::optional<ChainId> chain, std::uint32_t max_attempts,
                       Millis retry_pause)
    : job_manager_(job_manager),
      max_attempts_(max_attempts),
      retry_pause_(retry_pause),
      chain_(chain ? chain->value : 0) {}

std::optional<Policy> Deployment::policy(store::Txn& txn) {
    if (chain_ == 0) {
        const auto bound = bound_chain(txn, kStream);
        if (!bound) {
            return std::nullopt;
        }
        chain_ = bound->value;
    }
    return Policy{max_attempts_, retry_pause_, ChainId{chain_}, job_manager_};
}

std::optional<eth::Eip712Domain> Deployment::domain() const {
    const ChainId chain{chain_};
    return chain.value == 0 ? std::nullopt : std::optional(wire::market_domain(chain, job_manager_));
}

}  // namespace lamda::dispatch
