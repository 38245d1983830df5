// Routes of the REST reference.
#include "services/api-gateway/reference/reference.hpp"

namespace lamda::gateway {

void add_reference(http::Server& server) {
    server.route("GET", "/openapi.json", [](const http::Request&) {
        return http::Response{200, "application/json", std::string(openapi_json()), {}};
    });
    server.route("GET", "/docs", [](const http::Request&) {
        return http::Response{200,
                              "text/html; charset=utf-8",
                              std::string(reference_page()),
                              {{"Content-Security-Policy", std::string(reference_policy())}}};
    });
}

}  // namespace lamda::gateway
