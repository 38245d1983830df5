#include "http/message.hpp"

namespace lamda::http {

namespace {

/// Outages usually end within seconds.
constexpr int kRetryAfterSeconds = 5;

}  // namespace

Response to_response(const problem::Problem& problem, const Request& request) {
    Response out;
    out.status = problem.status;
    out.content_type = "application/problem+json";
    out.body = problem::to_json(problem, request.path, request.request_id);
    const int retry_after =
        problem.retry_after == 0 && problem.status == 503 ? kRetryAfterSeconds : problem.retry_after;
    if (retry_after > 0) {
        out.headers.emplace_back("Retry-After", std::to_string(retry_after));
    }
    return out;
}

}  // namespace lamda::http
