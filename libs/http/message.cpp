// Converts problems to answers, and statuses to reason phrases (http/message.hpp, http/detail/status.hpp).
#include <nlohmann/json.hpp>

#include "http/detail/status.hpp"
#include "http/message.hpp"

namespace lamda::http {

namespace {

/// Outages usually end within seconds.
constexpr int kRetryAfterSeconds = 5;

}  // namespace

std::string_view status_phrase(int status) {
    // RFC 9110, section 15, and 429 and 431 of RFC 6585.
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Status";
    }
}

Response to_response(const Problem& problem, const Request& request) {
    nlohmann::ordered_json body = {
        {"type", "urn:lamda:error:" + problem.code},
        {"title", problem.title.empty() ? std::string(status_phrase(problem.status)) : problem.title},
        {"status", problem.status},
        {"detail", problem.detail},
        {"instance", request.path},
        {"code", problem.code},
        {"request_id", request.request_id}};
    if (!problem.errors.empty()) {
        auto& errors = body["errors"] = nlohmann::ordered_json::array();
        for (const FieldError& error : problem.errors) {
            errors.push_back({{"pointer", error.pointer}, {"code", error.code}, {"detail", error.detail}});
        }
    }
    Response out;
    out.status = problem.status;
    out.content_type = "application/problem+json";
    // The path comes from the client: invalid UTF-8 in it must not throw here.
    out.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    const int retry_after =
        problem.retry_after == 0 && problem.status == 503 ? kRetryAfterSeconds : problem.retry_after;
    if (retry_after > 0) {
        out.headers.emplace_back("Retry-After", std::to_string(retry_after));
    }
    return out;
}

Problem invalid(const Error& error, const std::string& pointer) {
    const std::string where = error.where.empty() ? pointer : pointer + error.where;
    return {400, "invalid_request", "", error.message, {{where, error.code, error.message}}};
}

}  // namespace lamda::http
