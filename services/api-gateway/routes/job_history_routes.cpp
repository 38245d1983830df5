// Routes that show a job's past: its journal, and the output of its container.
#include "services/api-gateway/lists/list_response.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/log_request.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "services/api-gateway/routes/spec_store.hpp"
#include "views/job_history.hpp"

namespace lamda::gateway {

namespace {

/// True if the job is in a block or submitted.
bool job_exists(store::Txn& txn, const JobId& id) {
    return find_job(txn, id).has_value() || find_submission(txn, id).has_value();
}

http::Response events_response(const Parts& parts, const http::Request& request) {
    const auto id = path_param<JobId>(request, "id");
    const auto query = views::history_query(id, list_request(request));
    const auto page = parts.database.transact([&](store::Txn& txn) -> std::optional<views::Page> {
        auto out = views::read_history(txn, query, parts.memory);
        return out.count > 0 || job_exists(txn, id) ? std::optional(std::move(out)) : std::nullopt;
    });
    if (!page) {
        throw not_found("job");
    }
    JsonWriter out;
    out.begin_object();
    add_page(out, "items", *page);
    return with_link(json_response(out.end_object().take()), request, page->next);
}

/// Memory of a page of logs: its rows and their JSON, in which each byte may take six.
std::size_t log_page_cost(const LogQuery& query) {
    return query.limit * 512 + 4 * kLogPageBytes;
}

http::Response follow_response(const Parts& parts, const http::Request& request, const LogQuery& query) {
    if (!parts.database.transact([&](store::Txn& txn) { return job_exists(txn, query.job); })) {
        throw not_found("job");
    }
    http::Response out{200, "application/x-ndjson", "", {}};
    // Proxies such as nginx would keep the lines until their buffer is full.
    out.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
    if (request.method != "HEAD") {
        out.feed = parts.followers.follow(query, request.client);
    }
    return out;
}

http::Response logs_response(const Parts& parts, const http::Request& request) {
    const auto id = path_param<JobId>(request, "id");
    const auto wanted = parse_log_request(id, request);
    if (wanted.follow) {
        return follow_response(parts, request, wanted.query);
    }
    const auto share = parts.memory.take(log_page_cost(wanted.query));
    if (!share) {
        throw problem::Problem{
            503, "answers_too_large", "", "too many large answers in progress; try again", {}};
    }
    const auto page = parts.database.transact([&](store::Txn& txn) -> std::optional<LogPage> {
        auto out = read_logs(txn, wanted.query);
        return !out.rows.empty() || job_exists(txn, id) ? std::optional(std::move(out)) : std::nullopt;
    });
    if (!page) {
        throw not_found("job");
    }
    JsonWriter out;
    out.begin_object().key("items").begin_array();
    for (const auto& row : page->rows) {
        out.raw(log_json(row));
    }
    out.end_array().key("next_cursor");
    const auto next = page->more ? log_cursor(page->rows.back().place) : "";
    if (page->more) {
        out.text(next);
    } else {
        out.null();
    }
    return with_link(json_response(out.end_object().take()), request, next);
}

}  // namespace

void add_job_history(http::Server& server, const Parts& parts) {
    add_route(
        server, parts, "GET", "/api/jobs/{id}/events",
        [&parts](const http::Request& request) { return events_response(parts, request); }, is_large_page);
    add_route(
        server, parts, "GET", "/api/jobs/{id}/logs",
        [&parts](const http::Request& request) { return logs_response(parts, request); }, is_large_page);
}

}  // namespace lamda::gateway
