#include "pgingest/pg_stream_memory.hpp"

#include "store/values.hpp"

namespace lamda::pgingest {

namespace {

using State = rpcpool::EndpointNote::State;

/// Bytes of an error text from a remote node that are stored.
constexpr std::size_t kMostErrorBytes = 512;

State state_of(const std::string& text) {
    for (const auto state : {State::kUnknown, State::kGood, State::kResting, State::kExcluded}) {
        if (rpcpool::to_string(state) == text) {
            return state;
        }
    }
    throw store::StatementError("chain.endpoint: unknown state " + text);
}

}  // namespace

PgStreamMemory::PgStreamMemory(store::Database& database, std::string stream)
    : database_(database), stream_(std::move(stream)) {}

std::vector<rpcpool::EndpointNote> PgStreamMemory::endpoints() {
    return database_.transact([&](store::Txn& txn) {
        std::vector<rpcpool::EndpointNote> out;
        for (const auto& row : txn.exec("SELECT id, name, state, trouble, max_range, answers_logs, head, "
                                        "head_at FROM chain.endpoint WHERE stream = $1 ORDER BY id",
                                        {stream_})) {
            rpcpool::EndpointNote note;
            note.id = row.get<rpcpool::EndpointId>("id");
            note.name = row.get<std::string>("name");
            note.state = state_of(row.get<std::string>("state"));
            note.last_error = row.get<std::string>("trouble");
            note.max_range = row.get<std::uint64_t>("max_range");
            note.answers_logs = row.get<bool>("answers_logs");
            note.head = row.maybe<BlockNum>("head");
            note.head_at = row.maybe<Timestamp>("head_at");
            out.push_back(std::move(note));
        }
        return out;
    });
}

void PgStreamMemory::remember(const std::vector<rpcpool::EndpointNote>& endpoints, BlockNum head,
                              Timestamp head_time) {
    database_.transact([&](store::Txn& txn) {
        for (const auto& note : endpoints) {
            txn.exec(
                "INSERT INTO chain.endpoint (stream, id, name, state, trouble, max_range, answers_logs, "
                "head, head_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                "ON CONFLICT (stream, id) DO UPDATE SET name = excluded.name, state = excluded.state, "
                "trouble = excluded.trouble, max_range = excluded.max_range, "
                "answers_logs = excluded.answers_logs, head = excluded.head, head_at = excluded.head_at, "
                "noted_at = excluded.noted_at",
                {stream_, note.id, store::storable(note.name, kMostErrorBytes),
                 std::string(rpcpool::to_string(note.state)),
                 store::storable(note.last_error, kMostErrorBytes), note.max_range, note.answers_logs,
                 note.head, note.head_at});
        }
        txn.exec("DELETE FROM chain.endpoint WHERE stream = $1 AND noted_at < now() - interval '30 days'",
                 {stream_});
        txn.exec(
            "INSERT INTO chain.head (stream, number, at) VALUES ($1, $2, $3) ON CONFLICT (stream) DO UPDATE "
            "SET number = excluded.number, at = excluded.at, noted_at = excluded.noted_at",
            {stream_, head, head_time});
    });
}

}  // namespace lamda::pgingest
