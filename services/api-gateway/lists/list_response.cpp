#include "services/api-gateway/lists/list_response.hpp"

#include "core/u256.hpp"
#include "services/api-gateway/lists/page_link.hpp"

namespace lamda::gateway {

namespace {

void add_fields(JsonWriter& out, const views::ListQuery& query) {
    out.key("fields").begin_array();
    for (const auto* field : query.fields) {
        out.text(field->name);
    }
    out.end_array();
}

}  // namespace

views::ListRequest list_request(const http::Request& request) {
    if (request.method == "POST") {
        return views::request_of_body(request.body);
    }
    return {request.query, "?"};
}

void add_page(JsonWriter& out, std::string_view list, const views::Page& page) {
    out.key(list).raw(page.items).key("next_cursor");
    if (page.next.empty()) {
        out.null();
    } else {
        out.text(page.next);
    }
}

bool is_large_page(const http::Request& request) {
    try {
        const auto list = list_request(request);
        const auto limit = list.values.find("limit");
        const auto rows = limit == list.values.end() ? U256(0) : u256_from_decimal(limit->second).value_or(0);
        return rows > views::kDefaultLimit || list.values.contains("count");
    } catch (const problem::Problem&) {
        return false;
    }
}

http::Response list_response(const Parts& parts, const views::Resource& resource,
                             const http::Request& request, const std::map<std::string, std::string>& fixed) {
    auto asked = list_request(request);
    asked.fixed = fixed;
    asked.shaped = true;
    const auto query = views::list_query(resource, asked);
    const auto [page, count] = parts.database.transact([&](store::Txn& txn) {
        return std::pair(views::read_page(txn, query, parts.memory), views::read_count(txn, query));
    });
    JsonWriter out;
    out.begin_object();
    add_page(out, "items", page);
    if (query.sparse) {
        add_fields(out, query);
    }
    if (count) {
        out.key("count").number(count->rows).key("count_is_exact").boolean(count->is_exact);
    }
    return with_link(json_response(out.end_object().take()), request, page.next);
}

http::Response with_link(http::Response response, const http::Request& request, const std::string& next) {
    if (!next.empty()) {
        response.headers.emplace_back("Link", "<" + next_page(request, next) + ">; rel=\"next\"");
    }
    return response;
}

}  // namespace lamda::gateway
