#include "tools/cli/stores/bus_access_store.hpp"

namespace lamda::cli {
namespace {

BusAccessState access_of(const store::Row& row) {
    return {row.get<Address>("wallet_address"), row.get<bool>("revoked"), row.maybe<Timestamp>("revoked_at"),
            row.get<bool>("pushed")};
}

}  // namespace

std::vector<BusAccessState> read_bus_access(store::Database& database) {
    return database.transact([](store::Txn& txn) {
        std::vector<BusAccessState> out;
        for (const auto row :
             txn.exec("SELECT wallet_address, revoked, revoked_at, pushed FROM api.bus_access "
                      "ORDER BY NOT revoked, wallet_address")) {
            out.push_back(access_of(row));
        }
        return out;
    });
}

std::optional<BusAccessState> find_bus_access(store::Database& database, const Address& provider) {
    return database.transact([&](store::Txn& txn) -> std::optional<BusAccessState> {
        const auto row = txn.first(
            "SELECT wallet_address, revoked, revoked_at, pushed FROM api.bus_access WHERE wallet_address = "
            "$1",
            {provider});
        return row ? std::optional(access_of(*row)) : std::nullopt;
    });
}

void revoke_bus_access(store::Database& database, const Address& provider) {
    database.transact([&](store::Txn& txn) { txn.exec("SELECT api.revoke_bus_access($1)", {provider}); });
}

void allow_bus_access(store::Database& database, const Address& provider) {
    database.transact([&](store::Txn& txn) { txn.exec("SELECT api.allow_bus_access($1)", {provider}); });
}

}  // namespace lamda::cli
