#include "services/job-dispatcher/jobs/journal_store.hpp"

#include <algorithm>
#include <set>

#include "store/values.hpp"

namespace lamda::dispatch {

namespace {

using store::Row;
using store::Txn;

constexpr auto kJournal = "dispatch.job_event";
const std::vector<std::string> kJournalColumns{"id",  "job_id",    "kind",          "body",      "attempt",
                                               "seq", "block_num", "block_hash",    "log_index", "tx_hash",
                                               "at",  "orphaned",  "refused_reason"};

/// Up to this many entries, one statement for each is faster than ids and a COPY.
constexpr std::size_t kFewEntries = 2;

/// Calls `out` with the entry's cells in the order of kJournalColumns, without the id.
template <class Out>
auto with_cells(const JobEvent& event, Out&& out) {
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
    return out(event.job_id, to_string(event.fact), to_json(event.body), event.attempt, event.seq, block_num,
               block_hash, log_index, tx_hash, event.at, event.orphaned, event.refused_reason);
}

template <class Id>
void put_entry(store::RowWriter& out, const JobEvent& event, const Id& id) {
    with_cells(event, [&](const auto&... cells) { out.row(id, cells...); });
}

/// Inserts the entry, and sets its id.
void insert_entry(Txn& txn, JobEvent& entry) {
    entry.id =
        txn.one(
               "INSERT INTO dispatch.job_event (job_id, kind, body, attempt, seq, block_num, "
               "block_hash, log_index, tx_hash, at, orphaned, refused_reason) "
               "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
               with_cells(entry, [](const auto&... cells) { return std::vector<store::Param>{cells...}; }))
            .get<std::int64_t>("id");
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

}  // namespace

void encode(store::RowWriter& out, const JobEvent& entry) {
    put_entry(out, entry, entry.id);
}

void encode_ahead(store::EncodedRows& out, const JobEvent& entry) {
    put_entry(out, entry, store::DeferredId{});
}

store::CopyShape journal_shape(Txn& txn) {
    return txn.copy_shape(kJournal, kJournalColumns);
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
    if (entries.size() <= kFewEntries && without_id.size() == entries.size()) {
        for (auto* entry : entries) {
            insert_entry(txn, *entry);
        }
        return;
    }
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

}  // namespace lamda::dispatch
