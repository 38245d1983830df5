// Routes that show a job's spec and its attempts.
#include "core/json_writer.hpp"
#include "services/api-gateway/resources/attempt_store.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "services/api-gateway/routes/resource_store.hpp"
#include "services/api-gateway/routes/spec_store.hpp"
#include "wire/job_spec.hpp"

namespace lamda::gateway {

namespace {

/// Memory of all attempts of a job with the longest reasons, and their JSON.
constexpr std::size_t kAttemptsCost = 1U << 20;

/// Returns the stored spec, byte for byte. @throws problem::Problem 404 `not_found`: unknown job, `no_spec`:
/// a job without a stored spec
std::string read_spec(const Parts& parts, const JobId& id) {
    const auto [spec, known] = parts.database.transact([&](store::Txn& txn) {
        auto found = find_spec(txn, id);
        const bool exists = found || find_job(txn, id);
        return std::pair(std::move(found), exists);
    });
    if (!known) {
        throw not_found("job");
    }
    // Bytes with the right digest may be anything: a peer of IPFS has sent them.
    if (!spec || !wire::parse_canonical_job_spec(*spec)) {
        throw problem::Problem{404,
                               "no_spec",
                               "",
                               spec
                                   ? "the bytes that are stored under the job's id are not a job spec"
                                   : "the job's spec is unknown: it was neither submitted nor attached here, "
                                     "and not found on IPFS",
                               {}};
    }
    return *spec;
}

http::Response attempts_response(const Parts& parts, const JobId& id) {
    const auto share = parts.memory.take(kAttemptsCost);
    if (!share) {
        throw problem::Problem{
            503, "answers_too_large", "", "too many large answers in progress; try again", {}};
    }
    const auto attempts = parts.database.transact([&](store::Txn& txn) {
        auto found = read_attempts(txn, id);
        if (!found && find_submission(txn, id)) {
            found.emplace();
        }
        return found;
    });
    if (!attempts) {
        throw not_found("job");
    }
    JsonWriter out;
    out.begin_object().key("items").begin_array();
    for (const auto& attempt : *attempts) {
        out.raw(attempt_json(attempt));
    }
    out.end_array().key("next_cursor").null();
    return json_response(out.end_object().take());
}

}  // namespace

void add_job_resources(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/jobs/{id}/spec", [&parts](const http::Request& request) {
        return json_response(read_spec(parts, path_param<JobId>(request, "id")));
    });
    add_route(server, parts, "GET", "/api/jobs/{id}/attempts", [&parts](const http::Request& request) {
        return attempts_response(parts, path_param<JobId>(request, "id"));
    });
}

}  // namespace lamda::gateway
