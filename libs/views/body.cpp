#include "views/body.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "wire/job_spec.hpp"

namespace lamda::views {

namespace {

using nlohmann::json;

void throw_faults(std::vector<problem::FieldError> faults) {
    if (!faults.empty()) {
        auto detail = faults.size() == 1 ? faults.front().detail : "the body is not usable: see errors";
        throw problem::Problem{400, "invalid_request", "", std::move(detail), std::move(faults)};
    }
}

json object_of(std::string_view text) {
    // The strict reader runs first: nlohmann's accepts duplicate keys and keeps the last.
    // RFC 8259, section 8.1: a reader may ignore a byte order mark; .NET writes one.
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) {
        text.remove_prefix(kByteOrderMark.size());
    }
    const auto canonical = wire::canonicalize_json(text);
    if (!canonical) {
        throw problem::invalid(canonical.error(), "");
    }
    json body = json::parse(*canonical);
    if (!body.is_object()) {
        throw problem::invalid({"invalid_type", "the body must be a JSON object", ""}, "");
    }
    return body;
}

}  // namespace

std::string pointer_to(const std::string& key) {
    json::json_pointer pointer;
    pointer.push_back(key);
    return pointer.to_string();
}

Body::Body(std::string_view text, const std::vector<std::string>& required,
           const std::vector<std::string>& optional) {
    const nlohmann::json body = object_of(text);
    const auto in = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const auto& [key, value] : body.items()) {
        if (in(required, key) || in(optional, key)) {
            members_[key] = value.dump();
        } else {
            refuse({pointer_to(key), "unknown_field", "unknown field"});
        }
    }
    for (const std::string& name : required) {
        if (!body.contains(name)) {
            refuse({pointer_to(name), "required", "is required"});
        }
    }
}

std::optional<std::string> Body::json(const std::string& name) const {
    const auto member = members_.find(name);
    return member == members_.end() ? std::nullopt : std::optional(member->second);
}

std::optional<std::string> Body::text(const std::string& name) {
    const auto member = members_.find(name);
    if (member == members_.end()) {
        return std::nullopt;
    }
    const auto value = nlohmann::json::parse(member->second);
    if (!value.is_string()) {
        refuse({pointer_to(name), "invalid_type", "must be a string"});
        return std::nullopt;
    }
    return value.get<std::string>();
}

void Body::refuse(const std::string& name, const Error& error) {
    refuse({pointer_to(name) + error.where, error.code, error.message});
}

void Body::require_faultless() const {
    throw_faults(faults_);
}

Members members_of(std::string_view body) {
    Members out;
    if (body.empty()) {
        return out;
    }
    std::vector<problem::FieldError> faults;
    const json object = object_of(body);
    for (const auto& [key, value] : object.items()) {
        const bool is_list =
            value.is_array() &&
            std::all_of(value.begin(), value.end(), [](const json& each) { return each.is_string(); });
        if (is_list) {
            out.arrays.emplace(key, value.get<std::vector<std::string>>());
        } else if (value.is_structured() || value.is_null()) {
            faults.push_back({pointer_to(key), "invalid_type",
                              "must be a string, a number, a boolean or an array of strings"});
        } else {
            out.scalars.emplace(key, value.is_string() ? value.get<std::string>() : value.dump());
        }
    }
    throw_faults(std::move(faults));
    return out;
}

}  // namespace lamda::views
