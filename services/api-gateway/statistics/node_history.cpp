// Route of the changes of a node's presence.
#include "services/api-gateway/lists/list_response.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "views/resources.hpp"

namespace lamda::gateway {

namespace {

http::Response history_response(const Parts& parts, const http::Request& request) {
    const auto address = address_param(request);
    auto list = list_request(request);
    list.fixed.emplace("wallet_address", address.hex());
    const auto query = views::list_query(views::kNodeHistory, list);
    const auto page = parts.database.transact([&](store::Txn& txn) {
        auto out = views::read_page(txn, query, parts.memory);
        if (out.count == 0 && !is_registered(txn, address)) {
            throw not_found("node");
        }
        return out;
    });
    JsonWriter out;
    out.begin_object();
    add_page(out, "items", page);
    return with_link(json_response(out.end_object().take()), request, page.next);
}

}  // namespace

void add_node_history(http::Server& server, const Parts& parts) {
    add_route(
        server, parts, "GET", "/api/nodes/{address}/history",
        [&parts](const http::Request& request) { return history_response(parts, request); }, is_large_page);
}

}  // namespace lamda::gateway
