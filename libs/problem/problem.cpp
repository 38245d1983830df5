#include "problem/problem.hpp"

#include "core/json_writer.hpp"
#include "problem/status_phrase.hpp"

namespace lamda::problem {

Problem invalid(const Error& error, const std::string& pointer) {
    const std::string where = error.where.empty() ? pointer : pointer + error.where;
    return {400, "invalid_request", "", error.message, {{where, error.code, error.message}}};
}

std::string to_json(const Problem& problem, std::string_view instance, std::string_view request_id) {
    JsonWriter out(JsonEscapes::kCanonical);
    out.begin_object().key("type").text("urn:lamda:error:" + problem.code);
    out.key("title").text(problem.title.empty() ? status_phrase(problem.status) : problem.title);
    out.key("status").number(problem.status).key("detail").text(problem.detail);
    out.key("instance").text(instance).key("code").text(problem.code).key("request_id").text(request_id);
    if (!problem.errors.empty()) {
        out.key("errors").begin_array();
        for (const FieldError& error : problem.errors) {
            out.begin_object().key("pointer").text(error.pointer).key("code").text(error.code);
            out.key("detail").text(error.detail).end_object();
        }
        out.end_array();
    }
    return out.end_object().take();
}

}  // namespace lamda::problem
