#include "services/job-dispatcher/jobs/job_store.hpp"

#include <algorithm>

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
                                        "last_event"};

constexpr auto kJournal = "dispatch.job_event";
const std::vector<std::string> kJournalColumns{"id",  "job_id",    "kind",          "body",      "attempt",
                                               "seq", "block_num", "block_hash",    "log_index", "tx_hash",
                                               "at",  "orphaned",  "refused_reason"};

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
               last_event);
}

template <class LastEvent>
void put_row(store::RowWriter& out, const JobRow& row, const LastEvent& last_event) {
    with_cells(row, last_event, [&](const auto&... cells) { out.row(cells...); });
}

template <class Id>
void put_entry(store::RowWriter& out, const JobEvent& event, const Id& id) {
    std::optional<BlockNum> block_num;
    std::optional<BlockHash> block_hash;
    std::optional<std::uint64_t> log_index;
    std::optional<TxHash> tx_hash;
    if (const auto& position = event.position) {
        block_num = position->block.number;
        block_hash = position->block.hash;
        log_index = position->log_index;
        tx_hash = position->tx_hash;
    }
    out.row(id, event.job_id, to_string(event.fact), to_json(event.body), event.attempt, event.seq, block_num,
            block_hash, log_index, tx_hash, event.at, event.orphaned, event.refused_reason);
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

JobEvent event_of(const Row& row) {
    JobEvent out;
    out.id = row.get<std::int64_t>("id");
    out.job_id = row.get<JobId>("job_id");
    out.fact = parse_fact(row.get<std::string>("kind")).value();
    out.body = parse_fact_body(row.get<std::string>("body")).value();
    out.attempt = row.maybe<std::uint32_t>("attempt");
    out.seq = row.maybe<std::uint32_t>("seq");
    if (const auto number = row.maybe<BlockNum>("block_num")) {
        out.position = ChainPosition{{*number, row.get<BlockHash>("block_hash")},
                                     row.get<std::uint64_t>("log_index"),
                                     row.get<TxHash>("tx_hash")};
    }
    out.at = row.get<Timestamp>("at");
    out.orphaned = row.get<bool>("orphaned");
    out.refused_reason = row.maybe<std::string>("refused_reason");
    return out;
}

void copy_journal(Txn& txn, const std::vector<JobEvent*>& entries) {
    txn.copy(kJournal, kJournalColumns, [&](store::RowWriter& out) {
        for (const auto* entry : entries) {
            encode(out, *entry);
        }
    });
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

void insert_jobs(Txn& txn, const std::vector<const JobRow*>& rows) {
    if (!rows.empty()) {
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
        txn.exec(kOne, with_cells(*row, row->last_event,
                                  [](const auto&... cells) { return std::vector<Param>{cells...}; }));
    }
}

void encode(store::RowWriter& out, const JobEvent& entry) {
    put_entry(out, entry, entry.id);
}

void encode(store::RowWriter& out, const JobRow& row) {
    put_row(out, row, row.last_event);
}

void encode_ahead(store::EncodedRows& out, const JobEvent& entry) {
    put_entry(out, entry, store::DeferredId{});
}

void encode_ahead(store::EncodedRows& out, const JobRow& row) {
    put_row(out, row, store::DeferredId{});
}

store::CopyShape journal_shape(Txn& txn) {
    return txn.copy_shape(kJournal, kJournalColumns);
}

store::CopyShape jobs_shape(Txn& txn) {
    return txn.copy_shape(kJobs, kColumns);
}

std::vector<std::int64_t> reserve_entries(Txn& txn, std::size_t count) {
    if (count == 0) {
        return {};
    }
    // Looks the sequence's name up once, not for each number.
    const auto rows = txn.exec(
        "SELECT nextval(s.name) AS id FROM (SELECT pg_get_serial_sequence('dispatch.job_event', "
        "'id')::regclass AS name OFFSET 0) s, generate_series(1, $1::int)",
        {static_cast<std::uint64_t>(count)});
    std::vector<std::int64_t> out;
    out.reserve(count);
    for (const auto row : rows) {
        out.push_back(row.get<std::int64_t>("id"));
    }
    return out;
}

void append_journal(Txn& txn, const std::vector<JobEvent*>& entries) {
    if (entries.empty()) {
        return;
    }
    std::vector<JobEvent*> without_id;
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(without_id),
                 [](const JobEvent* entry) { return entry->id == 0; });
    const auto ids = reserve_entries(txn, without_id.size());
    for (std::size_t i = 0; i < without_id.size(); ++i) {
        without_id[i]->id = ids[i];
    }
    copy_journal(txn, entries);
}

void prepend_journal(Txn& txn, std::vector<JobEvent>& entries) {
    if (entries.empty()) {
        return;
    }
    auto id = txn.one("SELECT least(coalesce(min(id), 0), 0) AS id FROM dispatch.job_event")
                  .get<std::int64_t>("id");
    std::vector<JobEvent*> pointers;
    for (auto& entry : entries) {
        entry.id = --id;
        pointers.push_back(&entry);
    }
    copy_journal(txn, pointers);
}

std::map<JobId, std::vector<JobEvent>> read_journals(Txn& txn, const std::vector<JobId>& ids) {
    std::map<JobId, std::vector<JobEvent>> out;
    for (const auto row :
         txn.exec("SELECT * FROM dispatch.job_event WHERE job_id = ANY($1::bytea[]) ORDER BY id",
                  {store::array_of(ids)})) {
        JobEvent event = event_of(row);
        out[event.job_id].push_back(std::move(event));
    }
    return out;
}

std::vector<JobId> orphan_above(Txn& txn, BlockNum block) {
    std::set<JobId> out;
    for (const auto row :
         txn.exec("UPDATE dispatch.job_event SET orphaned = true "
                  "WHERE block_num > $1 AND block_num IS NOT NULL AND NOT orphaned RETURNING job_id",
                  {block})) {
        out.insert(row.get<JobId>("job_id"));
    }
    return {out.begin(), out.end()};
}

std::vector<JobEvent> read_chain_entries(Txn& txn, BlockNum first, BlockNum last) {
    std::vector<JobEvent> out;
    for (const auto row : txn.exec("SELECT * FROM dispatch.job_event WHERE block_num BETWEEN $1 AND $2 AND "
                                   "block_num IS NOT NULL AND NOT orphaned ORDER BY block_num, log_index",
                                   {first, last})) {
        out.push_back(event_of(row));
    }
    return out;
}

void orphan(Txn& txn, const std::vector<std::int64_t>& entries) {
    if (!entries.empty()) {
        txn.exec("UPDATE dispatch.job_event SET orphaned = true WHERE id = ANY($1::bigint[])",
                 {store::array_of(entries)});
    }
}

bool has_status_entry(Txn& txn, const JobId& job, std::uint32_t attempt, std::uint32_t seq) {
    return txn
        .first("SELECT 1 AS one FROM dispatch.job_event WHERE job_id = $1 AND attempt = $2 AND seq = $3",
               {job, attempt, seq})
        .has_value();
}

std::map<JobId, std::string> read_specs(Txn& txn, const std::vector<JobId>& ids) {
    std::map<JobId, std::string> out;
    for (const auto row : txn.exec("SELECT wanted.id, s.spec FROM unnest($1::bytea[]) AS wanted(id) "
                                   "LEFT JOIN dispatch.attached_spec a ON a.job_id = wanted.id "
                                   "JOIN dispatch.spec s ON s.id = coalesce(a.spec_id, wanted.id)",
                                   {store::array_of(ids)})) {
        out.emplace(row.get<JobId>("id"), as_string(row.get<Bytes>("spec")));
    }
    return out;
}

std::set<Address> registered(Txn& txn, const std::vector<Address>& providers) {
    std::set<Address> out;
    for (const auto row : txn.exec(
             "SELECT wallet_address FROM api.node WHERE is_registered AND wallet_address = ANY($1::bytea[])",
             {store::array_of(providers)})) {
        out.insert(row.get<Address>("wallet_address"));
    }
    return out;
}

void put_assignments(Txn& txn, const std::vector<const JobRow*>& jobs, Timestamp now) {
    if (jobs.empty()) {
        return;
    }
    const auto each = [&](auto member) {
        return store::array_of(jobs, [&](const JobRow* job) { return job->*member; });
    };
    txn.exec(
        "INSERT INTO dispatch.assignment (job_id, attempt, provider, state, created_at) "
        "SELECT job_id, attempt, provider, 'out', $4 FROM unnest($1::bytea[], $2::int[], $3::bytea[]) "
        "AS a (job_id, attempt, provider) ON CONFLICT (job_id, attempt) DO UPDATE SET state = 'out'",
        {each(&JobRow::id), each(&JobRow::attempt), each(&JobRow::provider), now});
}

void put_waiting(Txn& txn, const std::vector<WaitingAttempt>& attempts, Timestamp now) {
    for (const auto& attempt : attempts) {
        txn.exec(
            "INSERT INTO dispatch.assignment (job_id, attempt, provider, state, created_at, due_at) "
            "VALUES ($1, $2, $3, 'waiting', $4, now() + $5::bigint * interval '1 ms') "
            "ON CONFLICT (job_id, attempt) DO UPDATE SET state = 'waiting', due_at = excluded.due_at",
            {attempt.job->id, attempt.job->attempt, attempt.job->provider, now,
             static_cast<std::int64_t>(attempt.pause.count())});
    }
}

std::vector<JobId> due_attempts(Txn& txn, BlockNum boundary, std::size_t most) {
    std::vector<JobId> out;
    for (const auto row :
         txn.exec("SELECT a.job_id FROM dispatch.assignment a "
                  "JOIN dispatch.job j ON j.id = a.job_id AND j.attempt = a.attempt "
                  "WHERE a.state = 'waiting' AND a.due_at <= now() AND j.work_state = 'assigned' "
                  "AND j.chain_state = 'created' AND j.block_num <= $1 ORDER BY a.due_at, a.job_id LIMIT $2",
                  {boundary, static_cast<std::uint64_t>(most)})) {
        out.push_back(row.get<JobId>("job_id"));
    }
    return out;
}

void void_assignments(Txn& txn, const std::vector<RetractedAttempt>& attempts) {
    if (attempts.empty()) {
        return;
    }
    txn.exec(
        "UPDATE dispatch.assignment a SET state = 'void' FROM unnest($1::bytea[], $2::int[]) AS r (job_id, "
        "attempt) "
        "WHERE a.job_id = r.job_id AND a.attempt <= r.attempt AND a.state IN ('out', 'waiting')",
        {store::array_of(attempts, &RetractedAttempt::job),
         store::array_of(attempts, &RetractedAttempt::attempt)});
}

void save_progress(Txn& txn, BlockNum head, BlockNum boundary) {
    txn.exec(
        "INSERT INTO dispatch.progress (head, boundary) VALUES ($1, $2) "
        "ON CONFLICT (one) DO UPDATE SET head = excluded.head, boundary = excluded.boundary",
        {head, boundary});
}

BlockNum read_boundary(Txn& txn) {
    const auto row = txn.first("SELECT boundary FROM dispatch.progress");
    return row ? row->get<BlockNum>("boundary") : BlockNum{};
}

std::optional<JobRow> read_job(Txn& txn, const JobId& id) {
    const auto row = txn.first("SELECT * FROM dispatch.job WHERE id = $1", {id});
    return row ? std::optional<JobRow>(job_of(*row)) : std::nullopt;
}

}  // namespace lamda::dispatch
