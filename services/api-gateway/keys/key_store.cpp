#include "services/api-gateway/keys/key_store.hpp"

#include <algorithm>

#include "store/values.hpp"

namespace lamda::gateway {

namespace {

/// Named one by one: a prepared `*` fails once a later release has added a column.
const std::string kColumns =
    "digest, wallet, name, array_to_string(scopes, ' ') AS scope_names, created_at, expires_at, last_used_at";

ApiKey key_of(const store::Row& row) {
    ApiKey out;
    out.id = to_hex_bare(row.get<Bytes32>("digest").view().first(8));
    out.owner = row.maybe<Address>("wallet");
    out.name = row.get<std::string>("name");
    const auto scopes = row.get<std::string>("scope_names");
    for (std::size_t from = 0; from < scopes.size();) {
        const auto end = std::min(scopes.find(' ', from), scopes.size());
        if (const auto scope = parse_scope(std::string_view(scopes).substr(from, end - from))) {
            out.scopes.insert(*scope);
        }
        from = end + 1;
    }
    out.created_at = row.get<Timestamp>("created_at");
    out.expires_at = row.get<Timestamp>("expires_at");
    out.last_used_at = row.maybe<Timestamp>("last_used_at");
    return out;
}

std::vector<ApiKey> keys_in(const store::Rows& rows) {
    std::vector<ApiKey> out;
    for (const auto& row : rows) {
        out.push_back(key_of(row));
    }
    return out;
}

}  // namespace

std::optional<ApiKey> put_key(store::Txn& txn, const NewKey& key) {
    txn.exec(
        "DELETE FROM gateway.api_key WHERE digest IN (SELECT digest FROM gateway.api_key "
        "WHERE expires_at < now() LIMIT 100 FOR UPDATE SKIP LOCKED)");
    // One at a time for each owner, so that two requests together do not exceed the limit.
    txn.exec("SELECT pg_advisory_xact_lock(hashtextextended('gateway.api_key' || coalesce($1::text, ''), 0))",
             {key.owner ? std::optional(key.owner->hex()) : std::nullopt});
    const auto row = txn.first(
        "INSERT INTO gateway.api_key (digest, wallet, name, scopes, expires_at) "
        "SELECT $1::bytea, $2::bytea, $3, $4::text[], now() + make_interval(days => $5::int) "
        "WHERE (SELECT count(*) FROM gateway.api_key WHERE wallet IS NOT DISTINCT FROM $2::bytea "
        "AND expires_at > now()) < "
        "$6::bigint "
        "RETURNING " +
            kColumns,
        {key.digest, key.owner, key.name, store::array_of(key.scopes, [](Scope s) { return to_string(s); }),
         static_cast<int>(key.validity.count()),
         static_cast<std::int64_t>(key.owner ? kMostWalletKeys : kMostOperatorKeys)});
    return row ? std::optional(key_of(*row)) : std::nullopt;
}

std::optional<ApiKey> use_key(store::Txn& txn, const Bytes32& digest) {
    const auto row =
        txn.first("SELECT " + kColumns +
                      ", last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS unrecorded "
                      "FROM gateway.api_key WHERE digest = $1::bytea AND expires_at > now()",
                  {digest});
    if (row && row->get<bool>("unrecorded")) {
        txn.exec("UPDATE gateway.api_key SET last_used_at = now() WHERE digest = $1::bytea", {digest});
    }
    return row ? std::optional(key_of(*row)) : std::nullopt;
}

std::vector<ApiKey> keys_of(store::Txn& txn, const std::optional<Address>& owner) {
    return keys_in(
        txn.exec("SELECT " + kColumns +
                     " FROM gateway.api_key "
                     "WHERE wallet IS NOT DISTINCT FROM $1::bytea ORDER BY created_at DESC, digest",
                 {owner}));
}

std::vector<ApiKey> all_keys(store::Txn& txn, std::size_t limit) {
    return keys_in(txn.exec("SELECT " + kColumns +
                                " FROM gateway.api_key "
                                "ORDER BY wallet IS NOT NULL, created_at DESC, digest LIMIT $1::bigint",
                            {static_cast<std::int64_t>(limit)}));
}

std::size_t revoke_key(store::Txn& txn, const std::optional<Address>& owner, const std::string& id) {
    const auto prefix = from_hex(id);
    if (!prefix || prefix->size() != 8) {
        return 0;
    }
    return txn
        .exec(
            "DELETE FROM gateway.api_key WHERE digest >= $2::bytea "
            "AND digest <= $2::bytea || decode(repeat('ff', 24), 'hex') "
            "AND ($1::bytea IS NULL OR wallet = $1::bytea)",
            {owner, *prefix})
        .affected();
}

}  // namespace lamda::gateway
