#include "gateway.hpp"

#include <nlohmann/json.hpp>

namespace lamda::cli {
namespace {

std::string body_or_problem(const net::HttpResponse& response, const std::string& url) {
    if (response.status >= 200 && response.status < 300) {
        return response.body;
    }
    const auto problem = nlohmann::json::parse(response.body, nullptr, false);
    std::string text =
        "the gateway at " + net::redact_url(url) + " answered " + std::to_string(response.status);
    if (problem.is_object()) {
        text += ": " + problem.value("detail", problem.value("title", std::string()));
        for (const auto& field : problem.value("errors", nlohmann::json::array())) {
            text +=
                "\n  " + field.value("pointer", std::string()) + ": " + field.value("detail", std::string());
        }
    }
    throw std::runtime_error(text);
}

std::string send(Context& context, const net::HttpRequest& request) {
    try {
        return body_or_problem(context.http().send(request), request.url);
    } catch (const net::TransportError& error) {
        throw std::runtime_error("the gateway at " + net::redact_url(request.url) + " does not answer (" +
                                 error.what() + "); set LAMDA_API_URL, or use --chain-only");
    }
}

}  // namespace

std::string gateway_get(Context& context, const std::string& path) {
    net::HttpRequest request;
    request.url = context.gateway_url() + path;
    return send(context, request);
}

std::string gateway_post(Context& context, const std::string& path, const std::string& body) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = context.gateway_url() + path;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
    return send(context, request);
}

}  // namespace lamda::cli
