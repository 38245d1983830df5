#include "services/api-gateway/resources/attempt_store.hpp"

namespace lamda::gateway {

namespace {

AttemptEntry entry_of(const store::Row& row) {
    return {row.get<std::string>("kind"),
            row.get<Timestamp>("at"),
            row.maybe<std::uint32_t>("attempt"),
            row.maybe<std::uint32_t>("seq"),
            row.maybe<std::uint32_t>("next_attempt"),
            row.maybe<std::string>("error_message"),
            row.maybe<std::string>("error_code"),
            row.maybe<std::int64_t>("exit_code"),
            row.maybe<std::string>("output_file_cid")};
}

SentAttempt sent_of(const store::Row& row) {
    const auto state = row.get<std::string>("state");
    return {row.get<std::uint32_t>("attempt"),
            row.get<Address>("provider_address"),
            state == "waiting",
            state == "void",
            row.get<Timestamp>("created_at"),
            row.maybe<Timestamp>("due_at"),
            row.maybe<Timestamp>("last_status_at")};
}

}  // namespace

std::optional<std::vector<Attempt>> read_attempts(store::Txn& txn, const JobId& id) {
    const auto job = txn.first("SELECT provider_address FROM api.job WHERE id = $1::bytea", {id});
    if (!job) {
        return std::nullopt;
    }
    std::vector<AttemptEntry> journal;
    for (const auto row : txn.exec("SELECT kind, at, attempt, seq, next_attempt, error_message, error_code, "
                                   "exit_code, output_file_cid FROM api.job_event WHERE job_id = $1::bytea "
                                   "AND refused_reason IS NULL AND NOT orphaned AND kind NOT IN "
                                   "('provider_draining', 'provider_back') ORDER BY id",
                                   {id})) {
        journal.push_back(entry_of(row));
    }
    std::vector<SentAttempt> sent;
    for (const auto row :
         txn.exec("SELECT attempt, provider_address, state, created_at, due_at, last_status_at "
                  "FROM api.attempt WHERE job_id = $1::bytea ORDER BY attempt",
                  {id})) {
        sent.push_back(sent_of(row));
    }
    return fold_attempts(job->get<Address>("provider_address"), journal, sent);
}

}  // namespace lamda::gateway
