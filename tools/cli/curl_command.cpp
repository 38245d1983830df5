#include "tools/cli/curl_command.hpp"

#include <algorithm>

namespace lamda::cli {
namespace {

/// In single quotes nothing has a meaning for the shell, except the quote itself.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return out + "'";
}

/// Quotes the text, except each `$NAME`, which is in double quotes.
std::string quoted(const std::string& text, const std::vector<std::string>& variables) {
    std::size_t first = std::string::npos;
    std::string name;
    for (const auto& variable : variables) {
        const auto at = text.find("$" + variable);
        if (at < first) {
            first = at;
            name = variable;
        }
    }
    if (first == std::string::npos) {
        return text.empty() ? "" : quoted(text);
    }
    const auto before = text.substr(0, first);
    return (before.empty() ? "" : quoted(before)) + "\"$" + name + "\"" +
           quoted(text.substr(first + 1 + name.size()), variables);
}

}  // namespace

std::string curl_command(const std::string& base, const std::string& path, const net::HttpRequest& request,
                         const ShownVariables& variables) {
    std::string out = "curl -sS";
    if (request.on_data) {
        out += " -N";
    }
    if (request.method != "GET") {
        out += " -X " + request.method;
    }
    for (const auto& [name, value] : request.headers) {
        out += " -H " + quoted(name + ": " + value, variables.in_headers);
    }
    if (!request.body.empty()) {
        out += " --data-binary " + quoted(request.body, variables.in_body);
    }
    const bool has_login = base.find('@') != std::string::npos;
    return out + " " + (has_login ? "\"$LAMDA_API_URL\"" + quoted(path) : quoted(base + path));
}

}  // namespace lamda::cli
