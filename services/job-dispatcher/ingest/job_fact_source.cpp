#include "services/job-dispatcher/ingest/job_fact_source.hpp"

namespace lamda::dispatch {

void FactList::add(const JobFact& fact) {
    JobEvent& entry = entries_.emplace_back();
    entry.job_id = fact.job_id;
    entry.fact = fact.kind;
    entry.at = fact.at;
    entry.position = fact.position;
    entry.body.renter = fact.renter;
    entry.body.provider = fact.provider;
    entry.body.amount = fact.amount;
}

std::vector<JobEvent> read_entries(const JobFactSource& source, const ingest::Batch& batch) {
    FactList out(batch.logs.size());
    source.read(batch, out);
    return std::move(out).take();
}

}  // namespace lamda::dispatch
