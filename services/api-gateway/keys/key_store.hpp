// API keys in the database: digests, owners, scopes.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/api-gateway/keys/scope.hpp"
#include "store/database.hpp"

namespace lamda::gateway {

/// Keys of one wallet, and of the operator.
inline constexpr std::size_t kMostWalletKeys = 20;
inline constexpr std::size_t kMostOperatorKeys = 1'000;

struct NewKey {
    Bytes32 digest;                ///< of the key
    std::optional<Address> owner;  ///< absent: the operator
    std::string name;              ///< 1 to 100 bytes
    std::set<Scope> scopes;        ///< at least one
    std::chrono::days validity;
};

struct ApiKey {
    std::string id;                ///< 16 hex digits of the digest
    std::optional<Address> owner;  ///< absent: the operator
    std::string name;
    std::set<Scope> scopes;  ///< those that this release knows
    Timestamp created_at;
    Timestamp expires_at;
    std::optional<Timestamp> last_used_at;  ///< exact to a minute
};

/// Stores the key. nullopt: the owner has as many keys as it may have.
std::optional<ApiKey> put_key(store::Txn& txn, const NewKey& key);
/// Finds the key, and records its use once a minute. Absent: unknown, revoked or expired.
std::optional<ApiKey> use_key(store::Txn& txn, const Bytes32& digest);
/// Keys of the owner, newest first; expired ones are listed until they are revoked.
std::vector<ApiKey> keys_of(store::Txn& txn, const std::optional<Address>& owner);
/// Keys of all owners, newest first; at most `limit`.
std::vector<ApiKey> all_keys(store::Txn& txn, std::size_t limit);
/// Revokes the key of this id. @param owner absent: of any owner. Returns the number of revoked ones.
std::size_t revoke_key(store::Txn& txn, const std::optional<Address>& owner, const std::string& id);

}  // namespace lamda::gateway
