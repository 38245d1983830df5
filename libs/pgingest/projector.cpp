#include "pgingest/projector.hpp"

#include <algorithm>

#include "core/crash_point.hpp"
#include "store/values.hpp"

namespace lamda::pgingest {

namespace {

[[noreturn]] void moved(const std::string& stream) {
    throw ingest::CursorMoved("stream " + stream + ": another writer moved the cursor");
}

/// Concatenates addresses, the format of chain.cursor.contracts.
Bytes joined(const std::vector<Address>& contracts) {
    Bytes out;
    for (const auto& contract : contracts) {
        out.insert(out.end(), contract.array().begin(), contract.array().end());
    }
    return out;
}

std::vector<Address> split(BytesView bytes) {
    std::vector<Address> out;
    for (; !bytes.empty(); bytes = bytes.subspan(Address::kSize)) {
        out.push_back(Address::from_bytes(bytes.first(Address::kSize)).value());
    }
    return out;
}

/// Stores the batch's headers that may still be replaced, and keeps one header at or below finality.
void replace_headers(store::Txn& txn, const std::string& stream, const ingest::Batch& batch,
                     BlockNum finalized) {
    std::vector<const ingest::BlockHeader*> kept;
    for (const auto& header : batch.headers) {
        // Keeps the last header even if it is final: a walk back ends there.
        if (header.ref.number > finalized || header.ref == batch.to) {
            kept.push_back(&header);
        }
    }
    const auto column = [&](auto project) {
        return store::array_of(kept, [&](const ingest::BlockHeader* header) { return project(*header); });
    };
    // Not COPY: row-level security, which separates the services' streams, rejects COPY. The deletion does
    // not see the rows that the same statement adds.
    txn.exec(
        "WITH added AS (INSERT INTO chain.header (stream, number, hash, parent_hash, timestamp) SELECT $1, * "
        "FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[]) RETURNING number) "
        "DELETE FROM chain.header WHERE stream = $1 AND number < (SELECT max(number) FROM "
        "(SELECT number FROM chain.header WHERE stream = $1 UNION ALL SELECT number FROM added) AS every "
        "WHERE number <= $6)",
        {stream, column([](const auto& header) { return header.ref.number; }),
         column([](const auto& header) { return header.ref.hash; }),
         column([](const auto& header) { return header.parent_hash; }),
         column([](const auto& header) { return header.timestamp; }), finalized});
}

/// Keeps one header at or below finality.
void prune_headers(store::Txn& txn, const std::string& stream, BlockNum finalized) {
    txn.exec(
        "DELETE FROM chain.header WHERE stream = $1 AND number < "
        "(SELECT max(number) FROM chain.header WHERE stream = $1 AND number <= $2)",
        {stream, finalized});
}

void note_reorg(store::Txn& txn, const std::string& stream, const ingest::Unwind& unwind) {
    txn.exec(
        "INSERT INTO chain.reorg AS r (stream, from_num, from_hash, to_num, to_hash, deepest) "
        "VALUES ($1, $2::bigint, $3, $4::bigint, $5, $2::bigint - $4::bigint) "
        "ON CONFLICT (stream) DO UPDATE SET at = excluded.at, from_num = excluded.from_num, "
        "from_hash = excluded.from_hash, to_num = excluded.to_num, to_hash = excluded.to_hash, "
        "deepest = greatest(r.deepest, excluded.deepest), total = r.total + 1",
        {stream, unwind.from.number, unwind.from.hash, unwind.to.number, unwind.to.hash});
}

}  // namespace

Projector::Projector(store::Database& database, std::string stream, Projection& projection)
    : database_(database), stream_(std::move(stream)), projection_(projection) {}

std::optional<BlockRef> Projector::cursor() {
    at_ = database_.transact([&](store::Txn& txn) -> std::optional<BlockRef> {
        const auto row = txn.first(
            "SELECT number, hash FROM chain.cursor WHERE stream = $1 AND number IS NOT NULL", {stream_});
        if (!row) {
            return std::nullopt;
        }
        return BlockRef{row->get<BlockNum>("number"), row->get<BlockHash>("hash")};
    });
    return at_;
}

void Projector::settle(const BlockRef& wanted) {
    if (cursor() != wanted) {
        throw store::InDoubt("PostgreSQL: stream " + stream_ +
                             ": the answer to a COMMIT was lost; the COMMIT did not happen");
    }
}

std::vector<ingest::BlockHeader> Projector::recent_headers() {
    return database_.transact([&](store::Txn& txn) {
        std::vector<ingest::BlockHeader> out;
        for (const auto& row : txn.exec("SELECT number, hash, parent_hash, timestamp FROM chain.header WHERE "
                                        "stream = $1 ORDER BY number DESC",
                                        {stream_})) {
            out.push_back({{row.get<BlockNum>("number"), row.get<BlockHash>("hash")},
                           row.get<BlockHash>("parent_hash"),
                           row.get<std::uint64_t>("timestamp")});
        }
        return out;
    });
}

std::function<void()> Projector::prepare(const ingest::Batch& batch) {
    return [this, batch, prepared = projection_.prepare(batch)] { write(batch, prepared); };
}

void Projector::apply(const ingest::Batch& batch) {
    write(batch, projection_.prepare(batch));
}

void Projector::write(const ingest::Batch& batch, const Projection::PreparedApply& prepared) {
    try {
        database_.transact([&](store::Txn& txn) {
            // Finality and boundary never move back, even if a lagging node reports lower values.
            const auto row =
                batch.from
                    ? txn.first(
                          "UPDATE chain.cursor SET number = $4, hash = $5, timestamp = $6, "
                          "boundary = greatest(boundary, $7), finalized = greatest(finalized, $8), "
                          "updated_at = now() "
                          "WHERE stream = $1 AND number = $2 AND hash = $3 RETURNING boundary, finalized",
                          {stream_, batch.from->number, batch.from->hash, batch.to.number, batch.to.hash,
                           batch.to_timestamp, batch.boundary, batch.finalized})
                    : txn.first(
                          "INSERT INTO chain.cursor AS c (stream, number, hash, timestamp, boundary, "
                          "finalized, start_block) "
                          "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (stream) DO UPDATE SET "
                          "number = excluded.number, hash = excluded.hash, timestamp = excluded.timestamp, "
                          "boundary = excluded.boundary, finalized = excluded.finalized, "
                          "start_block = excluded.start_block, updated_at = now() "
                          "WHERE c.number IS NULL RETURNING boundary, finalized",
                          {stream_, batch.to.number, batch.to.hash, batch.to_timestamp, batch.boundary,
                           batch.finalized, batch.start});
            if (!row) {
                moved(stream_);
            }
            const StreamState state{row->get<BlockNum>("boundary"), row->get<BlockNum>("finalized")};
            replace_headers(txn, stream_, batch, state.finalized);
            if (prepared) {
                prepared(txn, batch, state);
            } else {
                projection_.apply(txn, batch, state);
            }
            crash_point("projector.before_commit");
        });
    } catch (const store::InDoubt&) {
        settle(batch.to);
    }
    at_ = batch.to;
    caught_up_ = caught_up_ || batch.caught_up;
    if (caught_up_) {
        projection_.reached_head();
    }
    crash_point("projector.after_commit");
}

void Projector::unwind(const ingest::Unwind& unwind) {
    try {
        database_.transact([&](store::Txn& txn) {
            const auto row = txn.first(
                "UPDATE chain.cursor SET number = $4, hash = $5, boundary = least(boundary, $4), updated_at "
                "= now(), "
                "timestamp = (SELECT h.timestamp FROM chain.header h WHERE h.stream = $1 AND h.number = $4) "
                "WHERE stream = $1 AND number = $2 AND hash = $3 RETURNING boundary, finalized",
                {stream_, unwind.from.number, unwind.from.hash, unwind.to.number, unwind.to.hash});
            if (!row) {
                moved(stream_);
            }
            const StreamState state{row->get<BlockNum>("boundary"), row->get<BlockNum>("finalized")};
            if (unwind.to.number < state.finalized) {
                throw ingest::FinalityViolated("stream " + stream_ + ": a reorg down to block " +
                                               std::to_string(unwind.to.number.value) + ", but block " +
                                               std::to_string(state.finalized.value) + " was final");
            }
            txn.exec("DELETE FROM chain.header WHERE stream = $1 AND number > $2",
                     {stream_, unwind.to.number});
            note_reorg(txn, stream_, unwind);
            projection_.unwind(txn, unwind, state);
            crash_point("projector.before_commit");
        });
    } catch (const store::InDoubt&) {
        settle(unwind.to);
    }
    at_ = unwind.to;
    crash_point("projector.after_commit");
}

void Projector::boundary(BlockNum boundary, BlockNum finalized) {
    if (!at_ && !cursor()) {
        moved(stream_);
    }
    database_.transact([&](store::Txn& txn) {
        // The finality report refers to the chain that ends at this cursor, not to another one.
        const auto row = txn.first(
            "UPDATE chain.cursor SET boundary = greatest(boundary, $2), finalized = greatest(finalized, $3), "
            "updated_at = now() WHERE stream = $1 AND number = $4 AND hash = $5 RETURNING boundary, "
            "finalized",
            {stream_, boundary, finalized, at_->number, at_->hash});
        if (!row) {
            moved(stream_);
        }
        const StreamState state{row->get<BlockNum>("boundary"), row->get<BlockNum>("finalized")};
        prune_headers(txn, stream_, state.finalized);
        projection_.boundary(txn, state);
        crash_point("projector.before_commit");
    });
    caught_up_ = true;  // no newer block exists: the cursor is the head
    projection_.reached_head();
    crash_point("projector.after_commit");
}

ingest::Watched Projector::bind(const ingest::Watched& watched) {
    auto bound = database_.transact([&](store::Txn& txn) {
        const Bytes contracts = joined(watched.contracts);
        txn.exec(
            "INSERT INTO chain.cursor AS c (stream, chain_id, contracts) VALUES ($1, $2, $3) "
            "ON CONFLICT (stream) DO UPDATE SET chain_id = excluded.chain_id, contracts = excluded.contracts "
            "WHERE c.number IS NULL OR c.chain_id IS NULL "
            "OR (c.chain_id = excluded.chain_id AND c.contracts IS NULL)",
            {stream_, watched.chain.value, contracts});
        const auto row = txn.one("SELECT chain_id, contracts FROM chain.cursor WHERE stream = $1", {stream_});
        return ingest::Watched{ChainId{row.get<std::uint64_t>("chain_id")},
                               split(row.maybe<Bytes>("contracts").value_or(Bytes{}))};
    });
    crash_point("projector.bound");
    return bound;
}

}  // namespace lamda::pgingest
