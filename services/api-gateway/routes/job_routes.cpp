// Routes that list and show jobs and their receipts.
#include "services/api-gateway/lists/list_response.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "services/api-gateway/routes/spec_store.hpp"
#include "views/resources.hpp"

namespace lamda::gateway {

std::string read_job(const Parts& parts, const JobId& id) {
    auto job = parts.database.transact([&](store::Txn& txn) { return find_job(txn, id); });
    if (!job) {
        throw not_found("job");
    }
    return *std::move(job);
}

namespace {

/// Like read_job(); a job with a stored spec that is in no block yet is `submitted`.
std::string read_job_or_submission(const Parts& parts, const JobId& id) {
    auto shown = parts.database.transact([&](store::Txn& txn) {
        auto job = find_job(txn, id);
        return job ? job : find_submission(txn, id);
    });
    if (!shown) {
        throw not_found("job");
    }
    return *std::move(shown);
}

/// @throws problem::Problem 404 `not_found`: unknown job, `no_receipt`: a job without a stored receipt
std::string read_receipt(const Parts& parts, const JobId& id) {
    return parts.database.transact([&](store::Txn& txn) {
        auto receipt = find_receipt(txn, id);
        if (!receipt && !find_job(txn, id)) {
            throw not_found("job");
        }
        if (!receipt) {
            throw problem::Problem{404,
                                   "no_receipt",
                                   "",
                                   "the job has no signed receipt: its work is not completed, or its agent "
                                   "sent none that is valid",
                                   {}};
        }
        return *receipt;
    });
}

}  // namespace

void add_job_routes(http::Server& server, const Parts& parts) {
    const http::Handler list = [&parts](const http::Request& request) {
        return list_response(parts, views::kJobs, request);
    };
    add_route(server, parts, "GET", "/api/jobs", list, is_large_page);
    add_route(server, parts, "POST", "/api/jobs/query", list, is_large_page);
    add_route(server, parts, "GET", "/api/jobs/{id}", [&parts](const http::Request& request) {
        return json_response(read_job_or_submission(parts, path_param<JobId>(request, "id")));
    });
    add_route(server, parts, "GET", "/api/jobs/{id}/receipt", [&parts](const http::Request& request) {
        return json_response(read_receipt(parts, path_param<JobId>(request, "id")));
    });
}

}  // namespace lamda::gateway
