#include "problem/problem.hpp"

#include <nlohmann/json.hpp>

#include "problem/status_phrase.hpp"

namespace lamda::problem {

Problem invalid(const Error& error, const std::string& pointer) {
    const std::string where = error.where.empty() ? pointer : pointer + error.where;
    return {400, "invalid_request", "", error.message, {{where, error.code, error.message}}};
}

std::string to_json(const Problem& problem, std::string_view instance, std::string_view request_id) {
    nlohmann::ordered_json body = {
        {"type", "urn:lamda:error:" + problem.code},
        {"title", problem.title.empty() ? std::string(status_phrase(problem.status)) : problem.title},
        {"status", problem.status},
        {"detail", problem.detail},
        {"instance", instance},
        {"code", problem.code},
        {"request_id", request_id}};
    if (!problem.errors.empty()) {
        auto& errors = body["errors"] = nlohmann::ordered_json::array();
        for (const FieldError& error : problem.errors) {
            errors.push_back({{"pointer", error.pointer}, {"code", error.code}, {"detail", error.detail}});
        }
    }
    return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace lamda::problem
