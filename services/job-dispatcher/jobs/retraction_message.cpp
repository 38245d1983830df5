#include "services/job-dispatcher/jobs/retraction_message.hpp"

#include "services/job-dispatcher/ingest/deployment.hpp"
#include "services/job-dispatcher/ingest/progress_store.hpp"
#include "wire/subjects.hpp"

namespace lamda::dispatch {

outbox::OutboxMessage RetractionMessages::message(const JobId& job, const Retract& retract,
                                                  const Address& provider) {
    if (!read_) {
        if (const auto market = bound_market(txn_, kStream)) {
            of_market_.chain_id = market->chain_id;
            of_market_.job_manager = market->job_manager;
        }
        read_ = true;
    }
    auto retraction = of_market_;
    retraction.job_id = job;
    retraction.attempt = retract.attempt;
    retraction.reason = retract.reason;
    return {wire::retract_subject(provider), wire::retract_message_id(job, retract.attempt),
            wire::to_json(retraction)};
}

}  // namespace lamda::dispatch
