// Routes that show a job's past: its journal.
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/list_response.hpp"
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
    return json_response(out.end_object().take());
}

}  // namespace

void add_job_history(http::Server& server, const Parts& parts) {
    add_route(
        server, parts, "GET", "/api/jobs/{id}/events",
        [&parts](const http::Request& request) { return events_response(parts, request); }, is_large_page);
}

}  // namespace lamda::gateway
