#include "views/query_handler.hpp"

#include <algorithm>

#include "core/json_writer.hpp"
#include "problem/problem.hpp"
#include "views/page.hpp"

namespace lamda::views {

namespace {

/// Most pages that are read for one reply.
constexpr int kMostRounds = 20;

}  // namespace

QueryHandler::QueryHandler(store::Database& database, const Resource& resource, std::string key,
                           telemetry::Log log)
    : database_(database), resource_(resource), key_(std::move(key)), log_(std::move(log)) {}

Page QueryHandler::whole(ListRequest request) {
    Page out;
    std::size_t limit = 0;
    for (int rounds = 0;; ++rounds) {
        const auto query = list_query(resource_, request, kMostReplyBytes);
        limit = limit == 0 ? query.limit : limit;
        const auto page = database_.transact([&](store::Txn& txn) { return read_page(txn, query, memory_); });
        if (out.items.size() + page.items.size() > kMostReplyBytes) {
            throw problem::Problem{
                503, "answer_too_large", "", "the rows exceed one reply; use a smaller limit", {}};
        }
        if (page.count > 0) {
            out.items += out.items.empty() ? "" : ",";
            out.items.append(page.items, 1, page.items.size() - 2);  // without the brackets
            out.count += page.count;
        }
        if (page.next.empty() || out.count >= limit) {
            return out;
        }
        if (rounds == kMostRounds) {
            throw problem::Problem{503,
                                   "query_too_wide",
                                   "",
                                   "too few of the rows match; narrow the query by an address or a status",
                                   {}};
        }
        request.values.erase("cursor");
        request.values.emplace("cursor", page.next);
        request.values.erase("limit");
        request.values.emplace("limit", std::to_string(limit - out.count));
    }
}

std::string QueryHandler::answer(const std::string& body) {
    try {
        const auto page = whole(request_of_body(body));
        JsonWriter out;
        out.begin_object().key(key_).begin_array().raw(page.items).end_array();
        return out.key("count").number(page.count).end_object().take();
    } catch (const problem::Problem& refused) {
        return problem::to_json(refused);
    } catch (const std::exception& e) {
        log_.error("query failed", {{"reason", e.what()}});
        return problem::to_json({503, "unavailable", "", "the list cannot be read now; try again later", {}});
    }
}

}  // namespace lamda::views
