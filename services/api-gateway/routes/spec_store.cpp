#include "services/api-gateway/routes/spec_store.hpp"

#include "views/resources.hpp"

namespace lamda::gateway {

SpecAge read_spec_age(store::Txn& txn, const JobId& id) {
    const auto row = txn.first(
        "SELECT created_at < now() - interval '1 hour' AS ages FROM api.spec WHERE id = $1::bytea", {id});
    if (!row) {
        return SpecAge::kNotStored;
    }
    return row->get<bool>("ages") ? SpecAge::kOld : SpecAge::kRecent;
}

std::optional<std::string> find_submission(store::Txn& txn, const JobId& id) {
    const auto row = txn.first("SELECT spec, created_at FROM api.spec WHERE id = $1::bytea", {id});
    return row ? views::submitted_json(id, *row) : std::nullopt;
}

std::optional<std::string> find_spec(store::Txn& txn, const JobId& id) {
    const auto row = txn.first(
        "SELECT coalesce((SELECT spec FROM api.job WHERE id = $1::bytea), "
        "(SELECT spec FROM api.spec WHERE id = $1::bytea)) AS spec",
        {id});
    return row && !row->is_null("spec") ? std::optional(std::string(as_string(row->get<Bytes>("spec"))))
                                        : std::nullopt;
}

JobId put_spec(store::Txn& txn, const std::string& canonical) {
    return txn.one("SELECT api.put_spec($1::bytea) AS id", {as_bytes(canonical)}).get<JobId>("id");
}

}  // namespace lamda::gateway
