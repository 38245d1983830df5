// Claims of NATS (github.com/nats-io/jwt, version 2): operator, account and user JWTs, signed by NKeys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "natsauth/nkey.hpp"

namespace lamda::natsauth {

/// Trusted by the server, which has it in its configuration.
struct OperatorClaims {
    std::string name;
    std::string key;                        ///< public, O…
    std::vector<std::string> signing_keys;  ///< O…: each may sign accounts
    std::string system_account;             ///< A…
};

/// A subject that other accounts may import.
struct Export {
    std::string subject;
    bool stream = false;          ///< false: a service
    bool many_responses = false;  ///< of a service
};

struct Import {
    std::string account;  ///< of the exporter, A…
    std::string subject;  ///< in the exporter's account
    bool stream = false;
    std::string local_subject{};  ///< empty: the same
};

struct AccountClaims {
    std::string name;
    std::string key;                        ///< public, A…
    std::vector<std::string> signing_keys;  ///< A…: each may sign users
    std::vector<Export> exports;
    std::vector<Import> imports;
    std::map<std::string, std::string> mappings;  ///< subject → the subject that it becomes
    /// User key, or `*`, → seconds since 1970: its JWTs issued until then are void.
    std::map<std::string, std::int64_t> revocations;
    bool jetstream = false;
    int connections = -1;  ///< most at the same time; -1: unlimited
};

struct UserClaims {
    std::string name;
    std::string key;                     ///< public, U…
    std::string account;                 ///< A…
    std::vector<std::string> publish;    ///< allowed subjects; empty: all
    std::vector<std::string> subscribe;  ///< the same
    bool answers = false;                ///< may publish once on the reply subject of each received message
    Timestamp issued_at{};
    std::optional<Timestamp> expires_at{};
};

/// Times are cut to seconds. @param issuer the operator key itself, or one of its signing keys
std::string encode(const OperatorClaims& claims, const Nkey& issuer, Timestamp issued_at);
std::string encode(const AccountClaims& claims, const Nkey& issuer, Timestamp issued_at);
std::string encode(const UserClaims& claims, const Nkey& issuer);

/// Reads a JWT and verifies its signature, by the key that it names as its issuer.
struct Decoded {
    std::string issuer;
    std::string subject;
    std::string name;
    std::int64_t issued_at = 0;                       ///< seconds since 1970
    std::optional<std::int64_t> expires_at;           ///< the same
    std::string issuer_account;                       ///< of a user: its account, if a signing key issued it
    std::map<std::string, std::int64_t> revocations;  ///< of an account
};
/// Errors: `invalid_jwt`.
Result<Decoded> decode(std::string_view jwt);

}  // namespace lamda::natsauth
