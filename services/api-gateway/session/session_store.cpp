#include "services/api-gateway/session/session_store.hpp"

#include <algorithm>

namespace lamda::gateway {

namespace {

/// Named one by one: a prepared `*` fails once a later release has added a column.
const std::string kColumns = "digest, wallet, chain_id, domain, user_agent, created_at, last_activity";
/// Sessions that have not ended.
const std::string kLive =
    "last_activity > now() - interval '24 hours' AND created_at > now() - interval '30 days'";

Session session_of(const store::Row& row) {
    Session out;
    out.digest = row.get<Bytes32>("digest");
    out.id = to_hex_bare(out.digest.view().first(8));
    out.wallet = row.get<Address>("wallet");
    out.chain_id = ChainId{row.get<std::uint64_t>("chain_id")};
    out.domain = row.get<std::string>("domain");
    out.user_agent = row.get<std::string>("user_agent");
    out.created_at = row.get<Timestamp>("created_at");
    out.last_activity = row.get<Timestamp>("last_activity");
    out.expires_at = std::min(out.last_activity + kSessionIdle, out.created_at + kSessionLongest);
    return out;
}

void drop_expired(store::Txn& txn) {
    txn.exec(
        "DELETE FROM gateway.session WHERE digest IN (SELECT digest FROM gateway.session "
        "WHERE last_activity < now() - interval '24 hours' LIMIT 100 FOR UPDATE SKIP LOCKED)");
}

}  // namespace

NonceFacts read_nonce_facts(store::Txn& txn) {
    const auto row = txn.one("SELECT key, now() AS at FROM gateway.nonce_key");
    return {row.get<Bytes32>("key"), row.get<Timestamp>("at")};
}

bool use_nonce(store::Txn& txn, const Bytes32& nonce) {
    txn.exec(
        "DELETE FROM gateway.used_nonce WHERE nonce IN (SELECT nonce FROM gateway.used_nonce "
        "WHERE kept_until < now() LIMIT 100 FOR UPDATE SKIP LOCKED)");
    // Longer than a nonce is valid, by more than two databases' clocks differ.
    return txn.exec(
                  "INSERT INTO gateway.used_nonce (nonce, kept_until) "
                  "VALUES ($1::bytea, now() + interval '1 hour') ON CONFLICT (nonce) DO NOTHING",
                  {nonce})
               .affected() == 1;
}

Session put_session(store::Txn& txn, const NewSession& session) {
    drop_expired(txn);
    txn.exec(
        "DELETE FROM gateway.session WHERE digest IN (SELECT digest FROM gateway.session "
        "WHERE wallet = $1::bytea ORDER BY last_activity DESC, digest OFFSET $2::int)",
        {session.wallet, kMostSessions - 1});
    return session_of(txn.one(
        "INSERT INTO gateway.session (digest, wallet, chain_id, domain, user_agent) "
        "VALUES ($1::bytea, $2::bytea, $3::bigint, $4, $5) RETURNING " +
            kColumns,
        {session.digest, session.wallet, session.chain_id.value, session.domain, session.user_agent}));
}

std::optional<Session> use_session(store::Txn& txn, const Bytes32& digest) {
    const auto row = txn.first("SELECT " + kColumns +
                                   ", last_activity < now() - interval '1 minute' AS unrecorded "
                                   "FROM gateway.session WHERE digest = $1::bytea AND " +
                                   kLive,
                               {digest});
    if (!row || !row->get<bool>("unrecorded")) {
        return row ? std::optional(session_of(*row)) : std::nullopt;
    }
    // Absent: ended in the meantime.
    const auto used = txn.first(
        "UPDATE gateway.session SET last_activity = now() WHERE digest = $1::bytea RETURNING " + kColumns,
        {digest});
    return used ? std::optional(session_of(*used)) : std::nullopt;
}

std::vector<Session> sessions_of(store::Txn& txn, const Address& wallet) {
    std::vector<Session> out;
    for (const auto& row :
         txn.exec("SELECT " + kColumns + " FROM gateway.session WHERE wallet = $1::bytea AND " + kLive +
                      " ORDER BY created_at DESC, digest",
                  {wallet})) {
        out.push_back(session_of(row));
    }
    return out;
}

std::size_t end_session(store::Txn& txn, const Address& wallet, const std::string& id) {
    const auto prefix = from_hex(id);
    if (!prefix || prefix->size() != 8) {
        return 0;
    }
    return txn
        .exec("DELETE FROM gateway.session WHERE wallet = $1::bytea AND substring(digest FOR 8) = $2::bytea",
              {wallet, *prefix})
        .affected();
}

std::size_t end_sessions(store::Txn& txn, const Address& wallet) {
    return txn.exec("DELETE FROM gateway.session WHERE wallet = $1::bytea", {wallet}).affected();
}

Profile read_profile(store::Txn& txn, const Address& wallet) {
    const auto row =
        txn.first("SELECT nft_tier, pkp_public_key FROM gateway.profile WHERE wallet = $1::bytea", {wallet});
    return row ? Profile{row->maybe<std::string>("nft_tier"), row->maybe<Bytes>("pkp_public_key")}
               : Profile{};
}

void put_profile(store::Txn& txn, const Address& wallet, const Profile& profile) {
    txn.exec(
        "INSERT INTO gateway.profile (wallet, nft_tier, pkp_public_key) VALUES ($1::bytea, $2, $3::bytea) "
        "ON CONFLICT (wallet) DO UPDATE SET nft_tier = excluded.nft_tier, "
        "pkp_public_key = excluded.pkp_public_key, updated_at = now()",
        {wallet, profile.nft_tier, profile.pkp_public_key});
}

}  // namespace lamda::gateway
