#include "services/node-registry/ingest/node_store.hpp"

#include <algorithm>

#include "runtime/identity.hpp"
#include "store/values.hpp"

namespace lamda::registry {

namespace {

using store::Txn;

NodeEvent event_of(const store::Row& row) {
    NodeEvent event;
    event.provider = row.maybe<Address>("provider");
    event.fact = parse_node_fact(row.get<std::string>("kind")).value();
    event.block = {row.get<BlockNum>("block_num"), row.get<BlockHash>("block_hash")};
    event.log_index = row.get<std::uint64_t>("log_index");
    event.tx_hash = row.get<TxHash>("tx_hash");
    event.at = row.get<Timestamp>("at");
    read_body(row.get<std::string>("body"), event).value();
    return event;
}

}  // namespace

void append_journal(Txn& txn, const std::vector<NodeEvent>& events) {
    if (events.empty()) {
        return;
    }
    txn.copy("registry.node_event",
             {"provider", "kind", "body", "block_num", "block_hash", "log_index", "tx_hash", "at"},
             [&](store::RowWriter& out) {
                 for (const auto& event : events) {
                     out.row(event.provider, to_string(event.fact), body_json(event), event.block.number,
                             event.block.hash, event.log_index, event.tx_hash, event.at);
                 }
             });
}

std::set<Address> orphan_above(Txn& txn, BlockNum block) {
    std::set<Address> out;
    for (const auto row :
         txn.exec("UPDATE registry.node_event SET orphaned = true WHERE block_num > $1 AND NOT orphaned "
                  "RETURNING provider",
                  {block})) {
        if (const auto provider = row.maybe<Address>("provider")) {
            out.insert(*provider);
        }
    }
    return out;
}

void orphan(Txn& txn, const std::vector<const NodeEvent*>& events) {
    for (const auto* event : events) {
        txn.exec(
            "UPDATE registry.node_event SET orphaned = true WHERE block_hash = $1 AND log_index = $2 AND NOT "
            "orphaned",
            {event->block.hash, event->log_index});
    }
}

std::vector<NodeEvent> read_blocks(Txn& txn, BlockNum first, BlockNum last) {
    std::vector<NodeEvent> out;
    for (const auto row :
         txn.exec("SELECT * FROM registry.node_event WHERE block_num BETWEEN $1 AND $2 AND NOT orphaned "
                  "ORDER BY block_num, log_index",
                  {first, last})) {
        out.push_back(event_of(row));
    }
    return out;
}

std::map<Address, std::vector<NodeEvent>> read_journals(Txn& txn, const std::set<Address>& providers) {
    std::map<Address, std::vector<NodeEvent>> out;
    for (const auto row :
         txn.exec("SELECT * FROM registry.node_event WHERE provider = ANY($1::bytea[]) AND NOT orphaned "
                  "ORDER BY block_num, log_index",
                  {store::array_of(providers)})) {
        NodeEvent event = event_of(row);
        out[*event.provider].push_back(std::move(event));
    }
    return out;
}

std::map<Address, NodeRow> read_nodes(Txn& txn, const std::set<Address>& providers) {
    std::map<Address, NodeRow> out;
    for (const auto row : txn.exec("SELECT * FROM registry.node WHERE provider = ANY($1::bytea[])",
                                   {store::array_of(providers)})) {
        NodeRow node;
        node.provider = row.get<Address>("provider");
        node.is_registered = row.get<bool>("is_registered");
        node.gpu_model = row.get<std::string>("gpu_model");
        node.vram = row.get<U256>("vram");
        node.job_count = row.get<U256>("job_count");
        node.last_seen = row.get<Timestamp>("last_seen");
        node.created_at = row.get<Timestamp>("created_at");
        node.updated_at = row.get<Timestamp>("updated_at");
        out.emplace(node.provider, std::move(node));
    }
    return out;
}

void save_nodes(Txn& txn, const std::vector<NodeRow>& rows) {
    if (rows.empty()) {
        return;
    }
    txn.exec(
        "INSERT INTO registry.node (provider, is_registered, gpu_model, vram, job_count, last_seen, "
        "created_at, "
        "updated_at) SELECT * FROM unnest($1::bytea[], $2::boolean[], $3::text[], $4::numeric[], "
        "$5::numeric[], "
        "$6::timestamptz[], $7::timestamptz[], $8::timestamptz[]) ON CONFLICT (provider) DO UPDATE SET "
        "is_registered = excluded.is_registered, gpu_model = excluded.gpu_model, vram = excluded.vram, "
        "job_count = excluded.job_count, last_seen = excluded.last_seen, created_at = excluded.created_at, "
        "updated_at = excluded.updated_at",
        {store::array_of(rows, &NodeRow::provider), store::array_of(rows, &NodeRow::is_registered),
         store::array_of(rows, &NodeRow::gpu_model), store::array_of(rows, &NodeRow::vram),
         store::array_of(rows, &NodeRow::job_count), store::array_of(rows, &NodeRow::last_seen),
         store::array_of(rows, &NodeRow::created_at), store::array_of(rows, &NodeRow::updated_at)});
}

void delete_nodes(Txn& txn, const std::vector<Address>& providers) {
    txn.exec("DELETE FROM registry.node WHERE provider = ANY($1::bytea[])", {store::array_of(providers)});
}

void forget_announced(Txn& txn, const std::vector<Address>& providers) {
    txn.exec("DELETE FROM registry.announced WHERE provider = ANY($1::bytea[])",
             {store::array_of(providers)});
}

std::int64_t entry_id(Txn& txn, const NodeEvent& event) {
    return txn
        .one("SELECT id FROM registry.node_event WHERE block_hash = $1 AND log_index = $2 AND NOT orphaned",
             {event.block.hash, event.log_index})
        .get<std::int64_t>("id");
}

std::int64_t next_entry_id(Txn& txn) {
    return txn.one("SELECT nextval(pg_get_serial_sequence('registry.node_event', 'id')) AS id")
        .get<std::int64_t>("id");
}

std::optional<ChainId> stream_chain(Txn& txn) {
    const auto row =
        txn.first("SELECT chain_id FROM chain.cursor WHERE stream = $1 AND chain_id IS NOT NULL", {kStream});
    return row ? std::optional(ChainId{row->get<std::uint64_t>("chain_id")}) : std::nullopt;
}

std::set<Address> online_nodes(Txn& txn, const std::set<Address>& providers) {
    std::set<Address> out;
    for (const auto row :
         txn.exec("SELECT wallet_address FROM api.node WHERE is_online AND wallet_address = ANY($1::bytea[])",
                  {store::array_of(providers)})) {
        out.insert(row.get<Address>("wallet_address"));
    }
    return out;
}

std::map<Address, bool> announce_presence(Txn& txn) {
    std::map<Address, bool> out;
    // Ordered, so that all instances lock rows in the same order.
    for (const auto row :
         txn.exec("INSERT INTO registry.announced AS a (provider, is_online) "
                  "SELECT n.wallet_address, n.is_online FROM api.node n "
                  "LEFT JOIN registry.announced k ON k.provider = n.wallet_address "
                  "WHERE n.is_registered AND n.is_online <> coalesce(k.is_online, false) "
                  "ORDER BY n.wallet_address LIMIT 1000 "
                  "ON CONFLICT (provider) DO UPDATE SET is_online = excluded.is_online "
                  "WHERE a.is_online <> excluded.is_online RETURNING a.provider, a.is_online")) {
        out.emplace(row.get<Address>("provider"), row.get<bool>("is_online"));
    }
    return out;
}

void save_offline_after(Txn& txn, Millis offline_after) {
    txn.exec(
        "INSERT INTO registry.setting (name, value) VALUES ('node_offline_after', $1) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {std::to_string(offline_after.count()) + " milliseconds"});
}

SavedPresence save_presence(Txn& txn, const std::map<Address, Presence>& presences, Millis offline_after) {
    std::vector<Address> providers;
    for (const auto& [provider, presence] : presences) {
        providers.push_back(provider);
    }
    SavedPresence out;
    std::vector<const Presence*> newer;
    for (const auto row : txn.exec(
             "SELECT n.provider, coalesce(p.heartbeat_seq, 0) AS seq, p.last_heartbeat_at FROM registry.node "
             "n "
             "LEFT JOIN registry.presence p ON p.provider = n.provider WHERE n.provider = ANY($1::bytea[]) "
             "ORDER BY n.provider",
             {store::array_of(providers)})) {
        const auto provider = row.get<Address>("provider");
        const auto& presence = presences.at(provider);
        const auto stored = row.get<std::uint64_t>("seq");
        out.newest.emplace(provider, std::max(stored, presence.heartbeat.seq));
        if (presence.heartbeat.seq <= stored) {
            continue;
        }
        newer.push_back(&presence);
        const auto before = row.maybe<Timestamp>("last_heartbeat_at");
        out.came_back = out.came_back || !before || presence.received_at - *before > offline_after;
    }
    if (newer.empty()) {
        return out;
    }
    const auto column = [&](auto member) {
        return store::array_of(newer,
                               [member](const Presence* presence) { return presence->heartbeat.*member; });
    };
    for (const auto* presence : newer) {
        if (presence->public_key) {
            txn.exec(
                "INSERT INTO registry.node_key (provider, public_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                {presence->heartbeat.provider, *presence->public_key});
        }
    }
    using wire::Heartbeat;
    // Ordered, so that all instances lock rows in the same order. The seq is compared again under the lock.
    txn.exec(
        "INSERT INTO registry.presence AS p (provider, last_heartbeat_at, agent_version, capacity, running, "
        "heartbeat_seq, notice) SELECT a, b, c, d, e, f, nullif(g, '')::jsonb FROM unnest($1::bytea[], "
        "$2::timestamptz[], $3::text[], $4::integer[], $5::integer[], $6::bigint[], $7::text[]) "
        "AS new (a, b, c, d, e, f, g) ON CONFLICT (provider) DO UPDATE SET last_heartbeat_at = "
        "excluded.last_heartbeat_at, agent_version = excluded.agent_version, capacity = excluded.capacity, "
        "running = excluded.running, heartbeat_seq = excluded.heartbeat_seq, "
        "notice = coalesce(excluded.notice, p.notice) "
        "WHERE p.heartbeat_seq < excluded.heartbeat_seq",
        {column(&Heartbeat::provider),
         store::array_of(newer, [](const Presence* presence) { return presence->received_at; }),
         store::array_of(newer,
                         [](const Presence* presence) {
                             return store::storable(presence->heartbeat.agent_version, 128);
                         }),
         column(&Heartbeat::capacity), column(&Heartbeat::running), column(&Heartbeat::seq),
         store::array_of(newer, [](const Presence* presence) { return presence->notice.value_or(""); })});
    return out;
}

std::optional<eth::Eip712Domain> recorded_deployment(Txn& txn) {
    constexpr auto kDispatcherStream = "dispatcher:bsc";
    for (const auto& record : runtime::read_stream_records(txn, kDispatcherStream)) {
        if (record.stream == kDispatcherStream && record.contracts.size() == 1) {
            return wire::market_domain(record.chain_id, record.contracts.front());
        }
    }
    return std::nullopt;
}

}  // namespace lamda::registry
