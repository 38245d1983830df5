#include "services/job-dispatcher/jobs/job_store.hpp"

#include "store/values.hpp"
#include "wire/job_spec.hpp"

namespace lamda::dispatch {

namespace {

/// From this many rows on, one statement over a staging table is faster than one statement for each row.
constexpr std::size_t kManyJobs = 32;

using store::Param;
using store::Row;
using store::Txn;

constexpr auto kJobs = "dispatch.job";
const std::vector<std::string> kColumns{"id",
                                        "renter",
                                        "provider",
                                        "payment",
                                        "block_num",
                                        "block_hash",
                                        "log_index",
                                        "tx_hash",
                                        "chain_state",
                                        "work_state",
                                        "status",
                                        "attempt",
                                        "tries",
                                        "docker_image",
                                        "input_file_cid",
                                        "output_file_cid",
                                        "time_limit_seconds",
                                        "error_message",
                                        "created_at",
                                        "updated_at",
                                        "work_since",
                                        "assigned_at",
                                        "running_since",
                                        "completed_at",
                                        "failed_at",
                                        "spec_cid",
                                        "drain_notices",
                                        "last_event"};

/// Calls `out` with the row's cells in the order of kColumns.
template <class LastEvent, class Out>
auto with_cells(const JobRow& row, const LastEvent& last_event, Out&& out) {
    const auto work_state =
        row.work_state ? std::optional(std::string(wire::to_string(*row.work_state))) : std::nullopt;
    return out(row.id, row.renter, row.provider, row.payment, row.created_in.block.number,
               row.created_in.block.hash, row.created_in.log_index, row.created_in.tx_hash,
               wire::to_string(row.chain_state), work_state, wire::to_string(row.status()), row.attempt,
               row.tries, row.docker_image, row.input_file_cid, row.output_file_cid, row.time_limit_seconds,
               row.error_message, row.created_at, row.updated_at, row.work_since, row.assigned_at,
               row.running_since, row.completed_at, row.failed_at, wire::spec_cid(row.id).to_string(),
               row.drain_notices, last_event);
}

template <class LastEvent>
void put_row(store::RowWriter& out, const JobRow& row, const LastEvent& last_event) {
    with_cells(row, last_event, [&](const auto&... cells) { out.row(cells...); });
}

void write_rows(store::RowWriter& out, const std::vector<const JobRow*>& rows) {
    for (const auto* row : rows) {
        encode(out, *row);
    }
}

JobRow job_of(const Row& row) {
    JobRow out;
    out.id = row.get<JobId>("id");
    out.renter = row.get<Address>("renter");
    out.provider = row.get<Address>("provider");
    out.payment = row.get<U256>("payment");
    out.created_in = {{row.get<BlockNum>("block_num"), row.get<BlockHash>("block_hash")},
                      row.get<std::uint64_t>("log_index"),
                      row.get<TxHash>("tx_hash")};
    out.chain_state = wire::parse_chain_state(row.get<std::string>("chain_state")).value();
    if (const auto work = row.maybe<std::string>("work_state")) {
        out.work_state = wire::parse_work_state(*work).value();
    }
    out.attempt = row.get<std::uint32_t>("attempt");
    out.tries = row.get<std::uint32_t>("tries");
    out.docker_image = row.maybe<std::string>("docker_image");
    out.input_file_cid = row.maybe<std::string>("input_file_cid");
    out.output_file_cid = row.maybe<std::string>("output_file_cid");
    out.time_limit_seconds = row.maybe<std::uint32_t>("time_limit_seconds");
    out.error_message = row.maybe<std::string>("error_message");
    out.created_at = row.get<Timestamp>("created_at");
    out.updated_at = row.get<Timestamp>("updated_at");
    out.work_since = row.get<Timestamp>("work_since");
    out.assigned_at = row.maybe<Timestamp>("assigned_at");
    out.running_since = row.maybe<Timestamp>("running_since");
    out.completed_at = row.maybe<Timestamp>("completed_at");
    out.failed_at = row.maybe<Timestamp>("failed_at");
    out.drain_notices = row.get<std::uint32_t>("drain_notices");
    out.last_event = row.get<std::int64_t>("last_event");
    return out;
}

std::map<JobId, JobRow> select_locked(Txn& txn, const std::vector<JobId>& ids, std::string_view how) {
    std::map<JobId, JobRow> out;
    if (ids.empty()) {
        return out;
    }
    const std::string sql =
        "SELECT * FROM dispatch.job WHERE id = ANY($1::bytea[]) ORDER BY id FOR NO KEY UPDATE" +
        std::string(how);
    for (const auto row : txn.exec(sql, {store::array_of(ids)})) {
        JobRow job = job_of(row);
        out.emplace(job.id, std::move(job));
    }
    return out;
}

/// Builds the `SET` clause for every column except the key. @param value returns the value of column i
template <class Value>
std::string sets(Value value) {
    std::string out;
    for (std::size_t i = 1; i < kColumns.size(); ++i) {
        out += (i > 1 ? ", " : " SET ") + kColumns[i] + " = " + value(i);
    }
    return out;
}

/// Builds the statement that inserts one row from the parameters of params_of().
std::string insert_one() {
    std::string columns;
    std::string values;
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
        columns += (i > 0 ? ", " : "") + kColumns[i];
        values += (i > 0 ? ", $" : "$") + std::to_string(i + 1);
    }
    return "INSERT INTO dispatch.job (" + columns + ") VALUES (" + values + ")";
}

std::vector<Param> params_of(const JobRow& row) {
    return with_cells(row, row.last_event, [](const auto&... cells) { return std::vector<Param>{cells...}; });
}

}  // namespace

std::unordered_set<JobId> hold_jobs(Txn& txn, const std::vector<JobId>& ids) {
    std::unordered_set<JobId> out;
    if (ids.empty()) {
        return out;  // the common case
    }
    for (const auto row :
         txn.exec("SELECT id FROM dispatch.job WHERE id = ANY($1::bytea[]) ORDER BY id FOR NO KEY UPDATE",
                  {store::array_of(ids)})) {
        out.insert(row.get<JobId>("id"));
    }
    return out;
}

std::map<JobId, JobRow> lock_jobs(Txn& txn, const std::vector<JobId>& ids) {
    return select_locked(txn, ids, "");
}

std::map<JobId, JobRow> lock_free_jobs(Txn& txn, const std::vector<JobId>& ids) {
    return select_locked(txn, ids, " SKIP LOCKED");
}

std::optional<JobRow> read_job(Txn& txn, const JobId& id) {
    const auto row = txn.first("SELECT * FROM dispatch.job WHERE id = $1", {id});
    return row ? std::optional<JobRow>(job_of(*row)) : std::nullopt;
}

void insert_jobs(Txn& txn, const std::vector<const JobRow*>& rows) {
    static const std::string kOne = insert_one();
    if (rows.size() == 1) {  // one round trip; a COPY takes two
        txn.exec(kOne, params_of(*rows.front()));
    } else if (!rows.empty()) {
        txn.copy(kJobs, kColumns, [&](store::RowWriter& out) { write_rows(out, rows); });
    }
}

void update_jobs(Txn& txn, const std::vector<const JobRow*>& rows) {
    static const std::string kOne = "UPDATE dispatch.job" +
                                    sets([](std::size_t i) { return "$" + std::to_string(i + 1); }) +
                                    " WHERE id = $1";
    static const std::string kMany = "UPDATE dispatch.job j" +
                                     sets([](std::size_t i) { return "incoming." + kColumns[i]; }) +
                                     " FROM pg_temp.incoming WHERE j.id = incoming.id";
    if (rows.size() >= kManyJobs) {
        txn.merge(kJobs, kColumns, kMany, [&](store::RowWriter& out) { write_rows(out, rows); });
        return;
    }
    for (const auto* row : rows) {
        txn.exec(kOne, params_of(*row));
    }
}

void encode(store::RowWriter& out, const JobRow& row) {
    put_row(out, row, row.last_event);
}

void encode_ahead(store::EncodedRows& out, const JobRow& row) {
    put_row(out, row, store::DeferredId{});
}

store::CopyShape jobs_shape(Txn& txn) {
    return txn.copy_shape(kJobs, kColumns);
}

std::map<std::string, std::int64_t> count_jobs(Txn& txn) {
    std::map<std::string, std::int64_t> out;
    for (const auto row : txn.exec("SELECT status, count(*) AS jobs FROM dispatch.job GROUP BY status")) {
        out.emplace(row.get<std::string>("status"), row.get<std::int64_t>("jobs"));
    }
    return out;
}

}  // namespace lamda::dispatch
