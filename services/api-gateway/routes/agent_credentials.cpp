// Routes of the credentials of the bus for providers' agents: passed on to the registry, which issues them.
#include "wire/documents/agent_credentials.hpp"
#include "crypto/address_text.hpp"
#include "natsauth/nkey.hpp"
#include "services/api-gateway/bus/bus_reply.hpp"
#include "services/api-gateway/routes/api.hpp"
#include "views/body.hpp"
#include "wire/subjects.hpp"

namespace lamda::gateway {

namespace {

/// Longer than the registry needs for its own request to the NATS server.
constexpr Millis kTimeout{5'000};
constexpr int kRetryTooMany = 60;  ///< seconds

Status check_nkey(const std::string& text) {
    const auto key = natsauth::parse_public_key(natsauth::KeyKind::kUser, text);
    return key ? Status(Ok{}) : Status(key.error());
}

/// @throws problem::Problem: the registry's refusal, or 503
std::string ask_registry(const Parts& parts, const wire::CredentialsRequest& request) {
    std::string reply;
    try {
        reply = parts.bus.request(wire::kNodesCredentials, to_json(request), kTimeout);
    } catch (const bus::Unavailable&) {
        throw problem::Problem{
            503, "registry_unavailable", "", "the node registry did not answer; try again", {}};
    }
    try {
        require_result(reply);
    } catch (problem::Problem& refusal) {
        refusal.retry_after = refusal.status == 429 ? kRetryTooMany : 0;
        throw;
    }
    return reply;
}

http::Response not_stored(std::string body) {
    auto out = json_response(std::move(body));
    out.headers.emplace_back("Cache-Control", "no-store");
    return out;
}

/// Returns the only value of the parameter; refuses none or several.
std::string only_value(const http::Request& request, const std::string& name,
                       std::vector<problem::FieldError>& errors) {
    const auto [first, last] = request.query.equal_range(name);
    if (first == last) {
        errors.push_back({"?" + name, "required", "is required"});
        return "";
    }
    if (std::next(first) != last) {
        errors.push_back({"?" + name, "repeated", "given more than once; give it once"});
    }
    return first->second;
}

wire::CredentialsRequest parse_query(const http::Request& request) {
    std::vector<problem::FieldError> errors;
    const auto provider_text = only_value(request, "provider", errors);
    const auto nkey = only_value(request, "nkey", errors);
    const auto provider = crypto::parse_address(provider_text);
    for (const auto& [name, value] : request.query) {
        if (name != "provider" && name != "nkey") {
            errors.push_back({"?" + name, "unknown_field", "unknown parameter; allowed: provider, nkey"});
        }
    }
    if (errors.empty()) {
        if (!provider) {
            errors.push_back({"?provider", provider.error().code, provider.error().message});
        }
        if (const auto checked = check_nkey(nkey); !checked) {
            errors.push_back({"?nkey", checked.error().code, checked.error().message});
        }
    }
    if (!errors.empty()) {
        throw problem::Problem{400, "invalid_request", "", "the query is not usable: see errors",
                               std::move(errors)};
    }
    return {{*provider, nkey, {}, 0}, std::nullopt};
}

wire::CredentialsRequest parse_body(const http::Request& request) {
    views::Body body(request.body, {"message", "signature"});
    std::vector<Error> faults;
    const auto message = wire::parse_agent_credentials(body.json("message").value_or("{}"), &faults);
    if (message) {
        if (const auto checked = check_nkey(message->nkey); !checked) {
            faults.push_back({checked.error().code, checked.error().message, "/nkey"});
        }
    }
    if (body.json("message")) {
        for (const auto& fault : faults) {
            body.refuse("message", fault);
        }
    }
    const auto text = body.text("signature");
    const auto signature = crypto::Signature::from_hex65(text.value_or(""));
    if (text && !signature) {
        body.refuse("signature", signature.error());
    }
    body.require_faultless();
    return {*message, *signature};
}

}  // namespace

void add_agent_credentials(http::Server& server, const Parts& parts) {
    add_route(server, parts, "GET", "/api/agents/credentials/challenge",
              [&parts](const http::Request& request) {
                  return not_stored(R"({"message":)" + ask_registry(parts, parse_query(request)) + "}");
              });
    add_route(server, parts, "POST", "/api/agents/credentials", [&parts](const http::Request& request) {
        return not_stored(ask_registry(parts, parse_body(request)));
    });
}

}  // namespace lamda::gateway
