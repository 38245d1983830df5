#include "services/job-dispatcher/ingest/job_fact_source.hpp"

namespace lamda::dispatch {

std::vector<JobEvent> read_entries(const JobFactSource& source, const ingest::Batch& batch) {
    const auto facts = source.facts(batch);
    std::vector<JobEvent> out;
    out.reserve(facts.size());
    for (const auto& fact : facts) {
        JobEvent& entry = out.emplace_back();
        entry.job_id = fact.job_id;
        entry.fact = fact.kind;
        entry.at = fact.at;
        entry.position = fact.position;
        entry.body.renter = fact.renter;
        entry.body.provider = fact.provider;
        entry.body.amount = fact.amount;
    }
    return out;
}

}  // namespace lamda::dispatch
