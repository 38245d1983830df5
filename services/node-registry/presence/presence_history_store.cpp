#include "services/node-registry/presence/presence_history_store.hpp"

#include <string>

namespace lamda::registry {

namespace {

/// Registered nodes as they are, and nodes that were online and are not registered any more. `by_bus`: the
/// node's heartbeats on the bus decide (see api.node); capacity and draining are known from these only.
/// `by_chain_from`: since when those on chain decide; absent: always. `chain_until`: end of the time for
/// which the newest heartbeat on chain counts.
const std::string kSeen = R"(
    node AS (
        SELECT coalesce(n.wallet_address, k.provider) AS provider, n.is_online, n.running, n.capacity, p.notice,
               p.last_heartbeat_at AS beat_at, r.last_seen AS chain_beat_at, s.offline_after,
               coalesce(p.last_heartbeat_at > now() - greatest(s.offline_after, interval '1 hour'), false) AS by_bus,
               p.last_heartbeat_at + greatest(s.offline_after, interval '1 hour') AS by_chain_from,
               r.last_seen + interval '10 minutes' AS chain_until,
               coalesce(k.state, 'offline') AS previous_state, coalesce(k.number, 0) AS number, k.since
        FROM (SELECT * FROM api.node WHERE is_registered) n
        FULL JOIN registry.presence_state k ON k.provider = n.wallet_address
        LEFT JOIN registry.node r ON r.provider = n.wallet_address
        LEFT JOIN registry.presence p ON p.provider = n.wallet_address
        CROSS JOIN (SELECT value::interval AS offline_after FROM registry.setting WHERE name = 'node_offline_after') s
        WHERE k.recorded_at IS NULL OR k.recorded_at < now()),
    seen AS (
        SELECT *, CASE WHEN is_online IS NOT TRUE THEN 'offline'
                       WHEN NOT by_bus THEN 'online'
                       WHEN notice ->> 'draining' = 'true' THEN 'draining'
                       WHEN capacity > 0 AND running >= capacity THEN 'full'
                       ELSE 'online'
                  END AS state,
               NOT by_bus AND (by_chain_from IS NULL OR coalesce(chain_until > by_chain_from, false)) AS was_by_chain
        FROM node))";

/// The changed nodes with the reason and time of the change. A node is offline from the moment at which its
/// last heartbeat became too old, also if no registry was running then; a heartbeat on chain counts only if
/// it was valid when those on chain began to decide.
const std::string kChanges = R"(
    change AS (
        SELECT provider, state, previous_state, number + 1 AS number,
               CASE state
                   WHEN 'offline' THEN CASE WHEN is_online IS NULL THEN 'not_registered'
                                            WHEN NOT was_by_chain THEN 'no_heartbeat' ELSE 'no_chain_heartbeat' END
                   WHEN 'draining' THEN 'provider_draining'
                   WHEN 'full' THEN 'slots_taken'
                   ELSE CASE previous_state WHEN 'draining' THEN 'provider_back' WHEN 'full' THEN 'slots_free'
                                            ELSE CASE WHEN by_bus THEN 'heartbeat' ELSE 'chain_heartbeat' END END
               END AS reason,
               greatest(since, least(now(),
                   CASE WHEN is_online IS NULL THEN now()
                        WHEN state <> 'offline' THEN CASE WHEN by_bus THEN beat_at
                                                          ELSE greatest(chain_beat_at, by_chain_from) END
                        WHEN was_by_chain THEN chain_until
                        ELSE beat_at + offline_after
                   END)) AS at
        FROM seen
        WHERE state <> previous_state
        ORDER BY provider
        LIMIT 1000))";

const std::string kRecordSql = "WITH" + kSeen + "," + kChanges + R"(,
    state AS (
        INSERT INTO registry.presence_state AS k (provider, state, number, since)
        SELECT provider, state, number, at FROM change
        ON CONFLICT (provider) DO UPDATE SET state = excluded.state, number = excluded.number, since = excluded.since,
                                             recorded_at = excluded.recorded_at),
    replaced AS (
        DELETE FROM registry.presence_change c USING change
        WHERE c.provider = change.provider AND c.number = change.number - $1)
    INSERT INTO registry.presence_change (provider, number, state, previous_state, reason, at)
    SELECT provider, number, state, previous_state, reason, at FROM change)";

}  // namespace

std::size_t record_presence(store::Txn& txn, std::size_t most) {
    // A statement of its own: the comparison sees everything that the lock's last holder has recorded.
    const auto lock =
        txn.one("SELECT pg_try_advisory_xact_lock(hashtextextended('registry.presence_state', 0)) AS taken");
    return lock.get<bool>("taken") ? txn.exec(kRecordSql, {static_cast<std::uint64_t>(most)}).affected() : 0;
}

std::size_t delete_old_changes(store::Txn& txn, Millis keep, std::size_t most) {
    return txn
        .exec(
            "DELETE FROM registry.presence_change WHERE ctid = ANY (ARRAY(SELECT ctid FROM "
            "registry.presence_change WHERE at < now() - $1::bigint * interval '1 ms' ORDER BY at LIMIT $2))",
            {static_cast<std::int64_t>(keep.count()), static_cast<std::uint64_t>(most)})
        .affected();
}

}  // namespace lamda::registry
