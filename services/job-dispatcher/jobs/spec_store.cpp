#include "services/job-dispatcher/jobs/spec_store.hpp"

#include "store/values.hpp"
#include "wire/job_spec.hpp"

namespace lamda::dispatch {

std::map<JobId, std::string> read_specs(store::Txn& txn, const std::vector<JobId>& ids) {
    std::map<JobId, std::string> out;
    for (const auto row : txn.exec("SELECT wanted.id, s.spec FROM unnest($1::bytea[]) AS wanted(id) "
                                   "LEFT JOIN dispatch.attached_spec a ON a.job_id = wanted.id "
                                   "JOIN dispatch.spec s ON s.id = coalesce(a.spec_id, wanted.id)",
                                   {store::array_of(ids)})) {
        out.emplace(row.get<JobId>("id"), as_string(row.get<Bytes>("spec")));
    }
    return out;
}

void put_spec(store::Txn& txn, BytesView spec) {
    txn.exec("SELECT api.put_spec($1)", {spec});
}

void attach_spec(store::Txn& txn, const AttachedSpec& attached) {
    txn.exec(
        "INSERT INTO dispatch.attached_spec (job_id, spec_id, spec_cid, signature) VALUES ($1, $2, $3, "
        "$4) "
        "ON CONFLICT (job_id) DO UPDATE SET spec_id = excluded.spec_id, spec_cid = excluded.spec_cid, "
        "signature = excluded.signature",
        {attached.job_id, attached.spec_id, wire::spec_cid(attached.spec_id).to_string(),
         attached.signature});
}

void delete_unused_specs(store::Txn& txn, Timestamp before) {
    txn.exec(
        "DELETE FROM dispatch.spec s WHERE s.created_at < $1 "
        "AND NOT EXISTS (SELECT 1 FROM dispatch.job j WHERE j.id = s.id) "
        "AND NOT EXISTS (SELECT 1 FROM dispatch.attached_spec a WHERE a.spec_id = s.id)",
        {before});
}

}  // namespace lamda::dispatch
