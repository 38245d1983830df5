#include "services/node-registry/credentials/access_store.hpp"

namespace lamda::registry {

namespace {

BusAccess access_of(const std::optional<store::Row>& row) {
    return row ? BusAccess{row->get<std::uint64_t>("generation"), row->get<bool>("revoked"),
                           row->maybe<Timestamp>("revoked_at")}
               : BusAccess{};
}

}  // namespace

BusAccess read_access(store::Txn& txn, const Address& provider) {
    return access_of(txn.first(
        "SELECT generation, revoked, revoked_at FROM registry.bus_access WHERE provider = $1", {provider}));
}

BusAccess lock_access(store::Txn& txn, const Address& provider) {
    txn.exec("INSERT INTO registry.bus_access (provider) VALUES ($1) ON CONFLICT (provider) DO NOTHING",
             {provider});
    return access_of(txn.first(
        "SELECT generation, revoked, revoked_at FROM registry.bus_access WHERE provider = $1 FOR UPDATE",
        {provider}));
}

void note_pushed(store::Txn& txn, const Address& provider, std::uint64_t generation, const Bytes32& form) {
    txn.exec(
        "UPDATE registry.bus_access SET pushed_generation = $2::bigint, pushed_form = $3 WHERE provider = $1",
        {provider, generation, form});
}

void owe_revocations(store::Txn& txn) {
    txn.exec(
        "UPDATE registry.bus_access SET pushed_form = NULL "
        "WHERE revoked_at IS NOT NULL AND pushed_form IS NOT NULL");
}

std::vector<Address> owed_accounts(store::Txn& txn, const Bytes32& form) {
    std::vector<Address> out;
    for (const auto row : txn.exec(
             "SELECT provider FROM registry.bus_access WHERE pushed_generation IS DISTINCT FROM generation "
             "OR pushed_form IS DISTINCT FROM $1::bytea "
             "ORDER BY pushed_generation IS DISTINCT FROM generation DESC, provider LIMIT 1000",
             {form})) {
        out.push_back(row.get<Address>("provider"));
    }
    return out;
}

bool is_registered(store::Txn& txn, const Address& provider) {
    return txn.first("SELECT 1 AS one FROM registry.node WHERE provider = $1 AND is_registered", {provider})
        .has_value();
}

}  // namespace lamda::registry
