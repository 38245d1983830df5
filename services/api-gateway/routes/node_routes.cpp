// Routes that list and show nodes and their reputation.
#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/list_response.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "views/resources.hpp"

namespace lamda::gateway {

namespace {

/// Parses the address of the path, whose checksum (EIP-55) must match. @throws http::Problem 400
Address address_param(const http::Request& request) {
    auto parsed = crypto::parse_address(request.params.at("address"));
    if (!parsed) {
        throw http::invalid(parsed.error(), "{address}");
    }
    return *parsed;
}

/// @throws http::Problem 404
Reputation reputation_of(store::Txn& txn, const Address& address) {
    const auto found = find_reputation(txn, address);
    if (!found) {
        throw not_found("provider");
    }
    return *found;
}

/// Parses the query of the page of transactions. Accepts cursor and limit only; the provider comes from the
/// path.
/// @throws http::Problem
views::ListQuery txs_query(const http::Request& request, const Address& address) {
    auto list = views::list_request(request);
    constexpr auto kProvider = "wallet_address";
    if (list.values.contains(kProvider)) {
        throw http::Problem{400,
                            "invalid_request",
                            "",
                            "the query is not usable: see errors",
                            {{list.prefix + kProvider, "unknown_field",
                              "unknown parameter; the address is part of the path"}}};
    }
    list.values.emplace(kProvider, address.hex());
    return views::list_query(views::kReputationTxs, list);
}

std::string wallet(const Address& address) {
    return "{\"wallet_address\":\"" + crypto::checksum_address(address) + "\"";
}

http::Response reputation_response(const Parts& parts, const http::Request& request) {
    const auto address = address_param(request);
    const auto query = txs_query(request, address);
    const auto [found, txs] = parts.database.transact([&](store::Txn& txn) {
        return std::pair(reputation_of(txn, address),
                         views::read_page(txn, views::kReputationTxs, query, parts.memory));
    });
    return json_response(wallet(address) + ",\"reputation_score\":" + views::number_json(found.score) +
                         ",\"total_jobs_completed\":" + views::number_json(found.completed) +
                         ",\"pending\":" + std::to_string(found.pending) + "," +
                         page_members("transactions", txs) + "}");
}

}  // namespace

void add_node_routes(http::Server& server, const Parts& parts) {
    const http::Handler list = [&parts](const http::Request& request) {
        return list_response(parts, views::kNodes, request);
    };
    add_route(server, parts, "GET", "/api/nodes", list, is_large_page);
    add_route(server, parts, "POST", "/api/nodes/query", list, is_large_page);
    add_route(server, parts, "GET", "/api/nodes/{address}", [&parts](const http::Request& request) {
        const auto address = address_param(request);
        const auto node = parts.database.transact([&](store::Txn& txn) { return find_node(txn, address); });
        if (!node) {
            throw not_found("node");
        }
        return json_response(*node);
    });
    add_route(
        server, parts, "GET", "/api/reputation/{address}",
        [&parts](const http::Request& request) { return reputation_response(parts, request); },
        is_large_page);
    add_route(server, parts, "GET", "/api/reputation/{address}/jobs", [&parts](const http::Request& request) {
        const auto address = address_param(request);
        const auto found =
            parts.database.transact([&](store::Txn& txn) { return reputation_of(txn, address); });
        return json_response(wallet(address) +
                             ",\"total_jobs_completed\":" + views::number_json(found.completed) + "}");
    });
}

}  // namespace lamda::gateway
