// Routes and fields that openapi.yaml documents, and the names in answers to compare them with. For tests
// only.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "services/api-gateway/testing/gateway_scene.hpp"

namespace lamda::gateway {

/// Routes and schema properties of openapi.yaml, read by its indentation.
struct Documented {
    std::set<std::pair<std::string, std::string>> routes;
    std::map<std::string, std::set<std::string>> properties;

    Documented() {
        std::ifstream file(testkit::source_dir() + "/proto/openapi.yaml");
        std::string section;
        std::string name;
        bool in_properties = false;
        for (std::string line; std::getline(file, line);) {
            const std::size_t indent = line.find_first_not_of(' ');
            if (indent == std::string::npos) {
                continue;
            }
            const std::string key = line.substr(indent, line.find(':', indent) - indent);
            if (indent == 0 || (indent == 2 && section != "paths")) {
                section = key;
            } else if (indent == (section == "paths" ? 2U : 4U)) {
                name = key;
                in_properties = false;
            } else if (section == "paths" && indent == 4) {
                std::string method = key;
                std::transform(method.begin(), method.end(), method.begin(),
                               [](char c) { return static_cast<char>(c - 32); });
                routes.emplace(method, name);
            } else if (section == "schemas" && indent == 6) {
                in_properties = key == "properties";
            } else if (section == "schemas" && indent == 8 && in_properties) {
                properties[name].insert(key);
            }
        }
    }
};

/// Returns the pointers of a problem document's errors.
inline std::set<std::string> pointers_of(const json& problem) {
    std::set<std::string> out;
    for (const auto& error : problem.value("errors", json::array())) {
        out.insert(error["pointer"].get<std::string>());
    }
    return out;
}

/// Returns the names of an object's members.
inline std::set<std::string> keys_of(const json& object) {
    std::set<std::string> out;
    for (const auto& member : object.items()) {
        out.insert(member.key());
    }
    return out;
}

}  // namespace lamda::gateway
