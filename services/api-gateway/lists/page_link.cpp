#include "services/api-gateway/lists/page_link.hpp"

#include <map>

#include "views/list_request.hpp"

namespace lamda::gateway {

namespace {

constexpr std::string_view kQueryPath = "/query";

std::multimap<std::string, std::string> parameters_of(const http::Request& request) {
    if (request.method != "POST") {
        return request.query;
    }
    auto list = views::request_of_body(request.body);
    for (const auto& [name, values] : list.arrays) {
        for (const auto& value : values) {
            list.values.emplace(name, value);
        }
    }
    return list.values;
}

/// The path as the client sent it, which is percent-encoded already; anything else in it is encoded.
std::string path_of(const http::Request& request) {
    std::string_view path = request.path;
    if (request.method == "POST" && path.ends_with(kQueryPath)) {
        path.remove_suffix(kQueryPath.size());
    }
    return percent_encoded(path, "/%");
}

}  // namespace

std::string percent_encoded(std::string_view text, std::string_view keep) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos || keep.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        }
    }
    return out;
}

std::string next_page(const http::Request& request, const std::string& cursor) {
    auto parameters = parameters_of(request);
    parameters.erase("cursor");
    parameters.emplace("cursor", cursor);
    std::string query;
    for (auto at = parameters.begin(); at != parameters.end();) {
        // Several values of one parameter are one text: commas separate them.
        const auto last = parameters.upper_bound(at->first);
        query += (query.empty() ? "?" : "&") + percent_encoded(at->first) + "=";
        std::string values;
        for (; at != last; ++at) {
            values += (values.empty() ? "" : ",") + percent_encoded(at->second, ",");
        }
        query += values;
    }
    return path_of(request) + query;
}

}  // namespace lamda::gateway
