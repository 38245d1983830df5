// Routes that list and show nodes, their reputation, and the jobs of an address.
#include "crypto/address_text.hpp"
#include "crypto/signer.hpp"
#include "services/api-gateway/lists/list_response.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "views/resources.hpp"

namespace lamda::gateway {

namespace {

/// @throws problem::Problem 404
Reputation reputation_of(store::Txn& txn, const Address& address) {
    const auto found = find_reputation(txn, address);
    if (!found) {
        throw not_found("provider");
    }
    return *found;
}

/// Parses the query of the page of transactions. Accepts cursor and limit only; the provider comes from the
/// path.
/// @throws problem::Problem
views::ListQuery txs_query(const http::Request& request, const Address& address) {
    auto list = list_request(request);
    list.fixed.emplace("wallet_address", address.hex());
    return views::list_query(views::kReputationTxs, list);
}

http::Response reputation_response(const Parts& parts, const http::Request& request) {
    const auto address = address_param(request);
    const auto query = txs_query(request, address);
    const auto [found, txs] = parts.database.transact([&](store::Txn& txn) {
        return std::pair(reputation_of(txn, address), views::read_page(txn, query, parts.memory));
    });
    JsonWriter out;
    out.begin_object().key("wallet_address").text(crypto::checksum_address(address));
    out.key("reputation_score").raw(views::number_json(found.score));
    out.key("total_jobs_completed").raw(views::number_json(found.completed));
    out.key("pending").number(found.pending);
    add_page(out, "transactions", txs);
    return with_link(json_response(out.end_object().take()), request, txs.next);
}

/// @throws problem::Problem 404 `not_found`: unknown node, `no_public_key`: a node without one
std::string key_json(const Parts& parts, const Address& address) {
    const auto key = parts.database.transact([&](store::Txn& txn) {
        auto found = find_public_key(txn, address);
        if (!found && !is_registered(txn, address)) {
            throw not_found("node");
        }
        return found;
    });
    if (!key) {
        throw problem::Problem{404,
                               "no_public_key",
                               "",
                               "the node's public key is unknown: no signed heartbeat was received from it",
                               {}};
    }
    JsonWriter out;
    out.begin_object().key("wallet_address").text(crypto::checksum_address(address));
    out.key("public_key").text(to_hex(*key));
    return out.end_object().take();
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
    for (const auto& [pattern, filter] : {std::pair{"/api/nodes/{address}/jobs", "provider_address"},
                                          std::pair{"/api/renters/{address}/jobs", "renter_address"}}) {
        add_route(
            server, parts, "GET", pattern,
            [&parts, filter = std::string(filter)](const http::Request& request) {
                return list_response(parts, views::kJobs, request, {{filter, address_param(request).hex()}});
            },
            is_large_page);
    }
    add_route(server, parts, "GET", "/api/nodes/{address}/key", [&parts](const http::Request& request) {
        const auto address = address_param(request);
        return json_response(key_json(parts, address));
    });
    add_route(
        server, parts, "GET", "/api/reputation/{address}",
        [&parts](const http::Request& request) { return reputation_response(parts, request); },
        is_large_page);
    add_route(server, parts, "GET", "/api/reputation/{address}/jobs", [&parts](const http::Request& request) {
        const auto address = address_param(request);
        const auto found =
            parts.database.transact([&](store::Txn& txn) { return reputation_of(txn, address); });
        JsonWriter out;
        out.begin_object().key("wallet_address").text(crypto::checksum_address(address));
        out.key("total_jobs_completed").raw(views::number_json(found.completed));
        return json_response(out.end_object().take());
    });
}

}  // namespace lamda::gateway
