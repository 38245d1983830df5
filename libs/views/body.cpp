#include "views/body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/job_spec.hpp"

namespace lamda::views {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& pointer, const std::string& code, const std::string& detail) {
    throw http::Problem{400, "invalid_request", "", detail, {{pointer, code, detail}}};
}

json object_of(const http::Request& request) {
    // The strict reader first: nlohmann's takes duplicate keys and keeps the last.
    std::string_view text = request.body;
    // RFC 8259, section 8.1: a reader may ignore a byte order mark, and .NET writes one.
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    const auto canonical = wire::canonicalize_json(text);
    if (!canonical) {
        throw http::invalid(canonical.error(), "");
    }
    json body = json::parse(*canonical);
    if (!body.is_object()) {
        refuse("", "invalid_type", "the body must be a JSON object");
    }
    return body;
}

}  // namespace

std::string pointer_to(const std::string& key) {
    json::json_pointer pointer;
    pointer.push_back(key);
    return pointer.to_string();
}

std::map<std::string, std::string> members_of(const http::Request& request,
                                              const std::vector<std::string>& required,
                                              const std::vector<std::string>& optional) {
    const json body = object_of(request);
    std::vector<http::FieldError> errors;
    std::map<std::string, std::string> out;
    const auto in = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const auto& [key, value] : body.items()) {
        if (!in(required, key) && !in(optional, key)) {
            errors.push_back({pointer_to(key), "unknown_field", "there is no such field here"});
        } else {
            out[key] = value.dump();
        }
    }
    for (const std::string& name : required) {
        if (!body.contains(name)) {
            errors.push_back({"/" + name, "required", "is required"});
        }
    }
    if (!errors.empty()) {
        throw http::Problem{400, "invalid_request", "", "the body is not usable: see errors",
                            std::move(errors)};
    }
    return out;
}

std::string string_of(const std::string& text, const std::string& pointer) {
    const json value = json::parse(text);
    if (!value.is_string()) {
        refuse(pointer, "invalid_type", "must be a string");
    }
    return value.get<std::string>();
}

std::multimap<std::string, std::string> scalars_of(const http::Request& request) {
    std::multimap<std::string, std::string> out;
    if (request.body.empty()) {
        return out;
    }
    const json body = object_of(request);
    for (const auto& [key, value] : body.items()) {
        if (value.is_structured() || value.is_null()) {
            refuse(pointer_to(key), "invalid_type", "must be a string, a number or a boolean");
        }
        out.emplace(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return out;
}

}  // namespace lamda::views
