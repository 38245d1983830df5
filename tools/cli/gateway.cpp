#include "tools/cli/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "telemetry/shown_text.hpp"

namespace lamda::cli {
namespace {

/// Larger than the kept output of a job with many attempts.
constexpr std::size_t kMostStreamed = 4ULL << 30;

constexpr auto kTokenName = "OPERATOR_TOKEN";

std::string body_or_problem(const net::HttpResponse& response, const std::string& url) {
    if (response.status >= 200 && response.status < 300) {
        return response.body;
    }
    const auto problem = nlohmann::json::parse(response.body, nullptr, false);
    std::string text =
        "the gateway at " + net::redact_url(url) + " answered " + std::to_string(response.status);
    if (problem.is_object()) {
        text += ": " + telemetry::shown_text(problem.value("detail", problem.value("title", std::string())));
        for (const auto& field : problem.value("errors", nlohmann::json::array())) {
            text += "\n  " + telemetry::shown_text(field.value("pointer", std::string()) + ": " +
                                                   field.value("detail", std::string()));
        }
    }
    throw std::runtime_error(text);
}

std::runtime_error no_answer(const net::HttpRequest& request, const net::TransportError& error) {
    return std::runtime_error("the gateway at " + net::redact_url(request.url) + " does not answer (" +
                              error.what() + "); set LAMDA_API_URL, or use --chain-only");
}

/// Adds the operator's token, or its name in a request that is only shown.
void add_token(const Context& context, net::HttpRequest& request, const std::string& token) {
    if (!token.empty()) {
        request.headers.emplace_back("Authorization",
                                     "Bearer " + (context.curl() ? "$" + std::string(kTokenName) : token));
    }
}

std::string send(Context& context, const std::string& path, net::HttpRequest request) {
    if (context.curl()) {
        show_request(context, path, request, {{kTokenName}, {}});
    }
    request.url = context.gateway_url() + path;
    try {
        return body_or_problem(context.http().send(request), request.url);
    } catch (const net::TransportError& error) {
        throw no_answer(request, error);
    }
}

}  // namespace

Result<std::string> gateway_base(std::string_view text) {
    const auto scheme_end = text.find("://");
    std::string scheme(text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (scheme != "http" && scheme != "https") {
        return Error{"invalid_url", "not an http or https address; use one like http://127.0.0.1:8080", ""};
    }
    std::string_view rest = text.substr(scheme_end + 3);
    const auto trim = [&] {
        while (rest.ends_with('/')) {
            rest.remove_suffix(1);
        }
    };
    trim();
    if (rest.ends_with("/api")) {
        rest.remove_suffix(4);
        trim();
    }
    if (rest.empty() || rest.find_first_of(" \t\r\n?#") != std::string_view::npos) {
        return Error{"invalid_url", "no host, a blank or a query; use an address like http://127.0.0.1:8080",
                     ""};
    }
    return scheme + "://" + std::string(rest);
}

void show_request(Context& context, const std::string& path, const net::HttpRequest& request,
                  const ShownVariables& variables) {
    fmt::print("{}\n", curl_command(context.gateway_url(), path, request, variables));
    throw RequestShown{};
}

std::string gateway_get(Context& context, const std::string& path, const std::string& token) {
    net::HttpRequest request;
    add_token(context, request, token);
    return send(context, path, std::move(request));
}

std::string gateway_delete(Context& context, const std::string& path, const std::string& token) {
    net::HttpRequest request;
    request.method = "DELETE";
    add_token(context, request, token);
    return send(context, path, std::move(request));
}

void gateway_lines(Context& context, const std::string& path,
                   const std::function<void(const std::string&)>& take) {
    net::HttpRequest request;
    request.url = context.gateway_url() + path;
    request.timeout = Millis(0);  // for as long as the job runs
    request.max_body = kMostStreamed;
    std::string rest;
    bool any = false;
    request.on_data = [&](BytesView part) {
        rest.append(as_string(part));
        for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
            any = true;
            if (end > 0) {
                take(rest.substr(0, end));
            }
            rest.erase(0, end + 1);
        }
        return true;
    };
    if (context.curl()) {
        show_request(context, path, request, {{kTokenName}, {}});
    }
    try {
        auto response = context.http().send(request);
        response.body = rest;
        (void)body_or_problem(response, request.url);
    } catch (const net::TransportError& error) {
        if (!any) {
            throw no_answer(request, error);
        }
    }
}

std::string gateway_post(Context& context, const std::string& path, const std::string& body,
                         const std::string& token) {
    net::HttpRequest request;
    request.method = "POST";
    request.headers = {{"Content-Type", "application/json"}};
    add_token(context, request, token);
    request.body = body;
    return send(context, path, std::move(request));
}

}  // namespace lamda::cli
