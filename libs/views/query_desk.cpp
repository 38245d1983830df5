#include "views/query_desk.hpp"

#include <algorithm>

#include "views/body.hpp"

namespace lamda::views {

QueryDesk::QueryDesk(store::Database& database, const Resource& resource, std::string key, telemetry::Log log)
    : database_(database), resource_(resource), key_(std::move(key)), log_(std::move(log)) {}

std::string QueryDesk::answer(const std::string& body) {
    const auto text_of = [](const http::Problem& problem) {
        return http::to_response(problem, http::Request{}).body;
    };
    try {
        http::Request request;
        request.body = body;
        const auto query = list_query(resource_, {scalars_of(request), "/"});
        const auto rows =
            database_.transact([&](store::Txn& txn) { return txn.exec(query.sql, query.params); });
        const auto shown = std::min(rows.size(), query.limit);
        return "{\"" + key_ + "\":" + array_of(resource_, rows, shown) +
               ",\"count\":" + std::to_string(shown) + "}";
    } catch (const http::Problem& refused) {
        return text_of(refused);
    } catch (const std::exception& e) {
        log_.error("query failed", {{"reason", e.what()}});
        return text_of({503, "unavailable", "", "the list cannot be read now", {}});
    }
}

}  // namespace lamda::views
