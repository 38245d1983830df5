// SQL of the providers' access to the bus. Every function runs inside the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "store/database.hpp"

namespace lamda::registry {

struct BusAccess {
    std::uint64_t generation = 0;  ///< number of the operator's orders
    bool revoked = false;
    /// Time of the last revocation, by the database's clock: credentials issued until then stay void.
    std::optional<Timestamp> revoked_at{};
    bool operator==(const BusAccess&) const = default;
};

/// Returns the default for a provider without a row.
BusAccess read_access(store::Txn& txn, const Address& provider);
/// Returns the access, with its row locked until the end of the transaction: orders and other instances
/// wait. Adds a missing row.
BusAccess lock_access(store::Txn& txn, const Address& provider);
/// Records that the bus has the account in this form. @param form AccountPublisher::form()
void note_pushed(store::Txn& txn, const Address& provider, std::uint64_t generation, const Bytes32& form);
/// Makes the accounts of all providers that were ever revoked owed.
void owe_revocations(store::Txn& txn);
/// Returns providers whose account on the bus is of an earlier generation or form, at most 1,000; those with
/// an order of the operator first.
std::vector<Address> owed_accounts(store::Txn& txn, const Bytes32& form);
/// True if the provider is registered on opBNB.
bool is_registered(store::Txn& txn, const Address& provider);

}  // namespace lamda::registry
