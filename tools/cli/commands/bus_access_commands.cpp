// `lamda nats revoke`, `allow` and `access`: orders about providers' access to the bus, carried out by a
// registry.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"
#include "terminal/table.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/output/printing.hpp"
#include "tools/cli/stores/bus_access_store.hpp"

namespace lamda::cli {
namespace {

using nlohmann::json;

constexpr Millis kPoll{200};

json to_json(const BusAccessState& access) {
    return {{"provider", crypto::checksum_address(access.provider)},
            {"revoked", access.revoked},
            {"revoked_at", access.revoked_at ? json(to_rfc3339(*access.revoked_at)) : json(nullptr)},
            {"pushed", access.pushed}};
}

/// Waits until a registry has sent the account to the bus; absent: the provider has no account.
std::optional<BusAccessState> wait_pushed(Context& context, store::Database& database,
                                          const Address& provider, Millis timeout) {
    auto access = or_unread([&] { return find_bus_access(database, provider); });
    for (auto left = timeout; access && !access->pushed && left.count() > 0; left -= kPoll) {
        context.clock().sleep({}, kPoll);
        access = or_unread([&] { return find_bus_access(database, provider); });
    }
    return access;
}

}  // namespace

int order_bus_access(Context& context, const BusAccessOptions& options, BusAccessOrder order) {
    const auto provider = argument(crypto::parse_address(options.provider), "address");
    const bool revoke = order == BusAccessOrder::kRevoke;
    auto database = context.database(revoke ? "lamda nats revoke" : "lamda nats allow");
    or_unread([&] {
        revoke ? revoke_bus_access(*database, provider) : allow_bus_access(*database, provider);
        return true;
    });
    const auto access = wait_pushed(context, *database, provider, std::chrono::seconds(options.wait_seconds));
    const auto state = access.value_or(BusAccessState{provider, false, std::nullopt, true});
    if (context.json()) {
        fmt::print("{}", json_line(to_json(state)));
        return state.pushed ? 0 : 1;
    }
    const auto name = crypto::checksum_address(provider);
    if (!state.pushed) {
        throw CommandRefused(
            1, name +
                   ": the order is recorded, and requests for credentials are answered by it. The bus does "
                   "not have it yet: no registry with NATS_ISSUER_FILE has reached the bus. It is sent as "
                   "soon as one does; `lamda nats access` shows it");
    }
    fmt::print("{}: {}\n", name,
               revoke ? "revoked; its connections are closed, and its credentials are void"
                      : "allowed; its agent requests new credentials by itself");
    return 0;
}

int list_bus_access(Context& context) {
    auto database = context.database("lamda nats access");
    const auto all = or_unread([&] { return read_bus_access(*database); });
    if (context.json()) {
        auto out = json::array();
        for (const auto& one : all) {
            out.push_back(to_json(one));
        }
        fmt::print("{}", json_line({{"access", out}}));
        return 0;
    }
    if (all.empty()) {
        fmt::print("no provider has had credentials of the bus\n");
        return 0;
    }
    using terminal::Kind;
    terminal::Table table({{"PROVIDER", Kind::kId}, {"ACCESS"}, {"REVOKED", Kind::kTime}, {"BUS"}});
    for (const auto& one : all) {
        table.row({crypto::checksum_address(one.provider), one.revoked ? "revoked" : "allowed",
                   one.revoked_at ? to_rfc3339(*one.revoked_at) : "-", one.pushed ? "sent" : "waiting"});
    }
    fmt::print("{}", table.text(context.screen()));
    return 0;
}

}  // namespace lamda::cli
