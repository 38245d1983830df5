#include "outbox/stream_position.hpp"

#include "store/values.hpp"

namespace lamda::outbox {

std::set<std::string> lost_streams(const StreamPositions& recorded, const StreamStates& states) {
    std::set<std::string> out;
    for (const auto& [stream, state] : states) {
        const auto found = recorded.find(stream);
        if (found == recorded.end()) {
            continue;
        }
        const auto& position = found->second;
        const bool created_again = position.created != 0 && position.created != state.created;
        if (position.rolled_back || created_again || state.last_sequence < position.last_sequence) {
            out.insert(stream);
        }
    }
    return out;
}

std::set<std::string> reused_sequences(const StreamPositions& recorded,
                                       const std::map<std::string, bus::SequenceRange>& acknowledged) {
    std::set<std::string> out;
    for (const auto& [stream, range] : acknowledged) {
        const auto found = recorded.find(stream);
        if (found != recorded.end() && range.lowest <= found->second.last_sequence) {
            out.insert(stream);
        }
    }
    return out;
}

namespace {

constexpr auto kReadSql =
    "SELECT stream, created, last_sequence, rolled_back FROM bus.stream_position WHERE owner = $1";

StreamPositions positions_of(const store::Rows& rows) {
    StreamPositions out;
    for (const auto row : rows) {
        out[row.get<std::string>("stream")] = {row.get<std::int64_t>("created"),
                                               row.get<std::uint64_t>("last_sequence"),
                                               row.get<bool>("rolled_back")};
    }
    return out;
}

}  // namespace

StreamPositions read_positions(store::Txn& txn, const std::string& owner) {
    return positions_of(txn.exec(kReadSql, {owner}));
}

StreamPositions read_positions(store::Database& database, const std::string& owner) {
    return positions_of(database.read(kReadSql, {owner}));
}

void advance_positions(store::Txn& txn, const std::string& owner,
                       const std::map<std::string, bus::SequenceRange>& acknowledged) {
    if (acknowledged.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO bus.stream_position AS p (owner, stream, created, last_sequence) "
        "SELECT $1, a.stream, 0, a.highest FROM unnest($2::text[], $3::bigint[]) AS a (stream, highest) "
        "ORDER BY a.stream ON CONFLICT (owner, stream) DO UPDATE "
        "SET last_sequence = greatest(p.last_sequence, excluded.last_sequence)",
        {owner,
         store::array_of(acknowledged, [](const auto& each) -> std::string_view { return each.first; }),
         store::array_of(acknowledged, [](const auto& each) { return each.second.highest; })});
}

void mark_rolled_back(store::Txn& txn, const std::string& owner, const std::set<std::string>& streams) {
    for (const auto& stream : streams) {
        txn.exec(
            "INSERT INTO bus.stream_position (owner, stream, created, last_sequence, rolled_back) "
            "VALUES ($1, $2, 0, 0, true) ON CONFLICT (owner, stream) DO UPDATE SET rolled_back = true",
            {owner, stream});
    }
}

void put_positions(store::Txn& txn, const std::string& owner, const StreamStates& states,
                   const std::set<std::string>& restored) {
    for (const auto& [stream, state] : states) {
        txn.exec(
            "INSERT INTO bus.stream_position AS p (owner, stream, created, last_sequence) "
            "VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (owner, stream) DO UPDATE SET created = excluded.created, "
            "rolled_back = p.rolled_back AND NOT $5, "
            "last_sequence = CASE WHEN $5 THEN excluded.last_sequence "
            "ELSE greatest(p.last_sequence, excluded.last_sequence) END",
            {owner, stream, state.created, state.last_sequence, restored.contains(stream)});
    }
}

}  // namespace lamda::outbox
