// Sign-ins in the database: the nonces' key, used nonces, sessions, and the attributes of wallets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace lamda::gateway {

/// A session ends this long after its last use, and in any case this long after its beginning.
inline constexpr std::chrono::hours kSessionIdle{24};
inline constexpr std::chrono::hours kSessionLongest{30 * 24};
/// Sessions of one wallet; a sign-in above it ends the one that was not used for the longest time.
inline constexpr int kMostSessions = 100;

struct NonceFacts {
    Bytes32 key;
    Timestamp now;  ///< of the database
};
NonceFacts read_nonce_facts(store::Txn& txn);
/// Marks the nonce as used, and forgets those that are too old to be used. False: it was used before.
bool use_nonce(store::Txn& txn, const Bytes32& nonce);

struct NewSession {
    Bytes32 digest;  ///< of its token
    Address wallet;
    ChainId chain_id;
    std::string domain;
    std::string user_agent;  ///< at most 256 bytes
};

struct Session {
    std::string id;  ///< 16 hex digits of the digest
    Bytes32 digest;
    Address wallet;
    ChainId chain_id;
    std::string domain;
    std::string user_agent;
    Timestamp created_at;
    Timestamp last_activity;  ///< exact to a minute
    Timestamp expires_at;     ///< if it is not used until then
};

/// Stores the session, and removes expired ones: a bounded number of any wallet.
Session put_session(store::Txn& txn, const NewSession& session);
/// Finds the session, and records its use once a minute. Absent: unknown, ended or expired.
std::optional<Session> use_session(store::Txn& txn, const Bytes32& digest);
/// The wallet's sessions, newest first.
std::vector<Session> sessions_of(store::Txn& txn, const Address& wallet);
/// Ends the wallet's session with this id. Returns the number of ended ones.
std::size_t end_session(store::Txn& txn, const Address& wallet, const std::string& id);
std::size_t end_sessions(store::Txn& txn, const Address& wallet);

/// Attributes of a wallet.
struct Profile {
    std::optional<std::string> nft_tier;
    std::optional<Bytes> pkp_public_key;
};
Profile read_profile(store::Txn& txn, const Address& wallet);
void put_profile(store::Txn& txn, const Address& wallet, const Profile& profile);

}  // namespace lamda::gateway
