// The accounts of the market on the bus, and what each role may do there: the same as deploy/nats/nats.conf
// and deploy/nats/add-provider.sh, as claims. deployment_test compares the lists of the roles.
#pragma once

#include <array>

#include "core/ids.hpp"
#include "natsauth/claims.hpp"

namespace lamda::natsauth {

enum class Role { kDispatcher, kRegistry, kGateway, kFeed, kIssuer };
inline constexpr std::array kRoles = {Role::kDispatcher, Role::kRegistry, Role::kGateway, Role::kFeed,
                                      Role::kIssuer};
/// `dispatcher`, …: name of the user and of its creds file.
const char* name_of(Role role);

/// Public keys of the accounts, A….
struct AccountKeys {
    std::string system;
    std::string lamda;
    std::string registry;
    std::string gateway;
    std::string feed;
};
const std::string& account_of(const AccountKeys& keys, Role role);

/// The accounts of the roles and the system's.
std::vector<AccountClaims> role_accounts(const AccountKeys& keys);
/// The user of a role, without expiry.
UserClaims role_user(const AccountKeys& keys, Role role, const std::string& user_key, Timestamp now);

/// The key of a provider's account: a digest of its address. No private half of it exists, so that only
/// signing keys can issue its users.
std::string provider_account(const Address& provider);
/// @param signing_keys that may issue its users. The caller adds revocations.
AccountClaims provider_claims(const AccountKeys& keys, const Address& provider,
                              std::vector<std::string> signing_keys);
UserClaims provider_user(const Address& provider, const std::string& user_key, Timestamp now,
                         Millis lifetime);

}  // namespace lamda::natsauth
