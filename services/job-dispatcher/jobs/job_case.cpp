#include "services/job-dispatcher/jobs/job_case.hpp"

#include "services/job-dispatcher/jobs/job_store.hpp"
#include "services/job-dispatcher/jobs/spec_store.hpp"

namespace lamda::dispatch {

namespace {

std::map<JobId, JobCase> with_specs(store::Txn& txn, std::map<JobId, JobRow> rows) {
    std::map<JobId, JobCase> out;
    std::vector<JobId> ids;
    ids.reserve(rows.size());
    for (auto& [id, row] : rows) {
        ids.push_back(id);
        out.emplace(id, JobCase{std::move(row), {}});
    }
    if (!ids.empty()) {
        for (const auto& [id, spec] : read_specs(txn, ids)) {
            out.at(id).spec = read_spec(spec);
        }
    }
    return out;
}

}  // namespace

JobWrite JobCase::unchanged() const {
    JobWrite out;
    out.before = row;
    out.spec = spec.spec;
    return out;
}

std::map<JobId, JobCase> load_jobs(store::Txn& txn, const std::vector<JobId>& ids) {
    return with_specs(txn, lock_jobs(txn, ids));
}

std::map<JobId, JobCase> load_free_jobs(store::Txn& txn, const std::vector<JobId>& ids) {
    return with_specs(txn, lock_free_jobs(txn, ids));
}

}  // namespace lamda::dispatch
