#include "services/node-agent/credentials/credentials_client.hpp"

#include <nlohmann/json.hpp>

#include "bus/server_list.hpp"
#include "natsauth/claims.hpp"

namespace lamda::agent {

namespace {

constexpr Millis kTimeout{15'000};
constexpr std::size_t kMostBody = 64U << 10;
constexpr std::size_t kMostShown = 300;  ///< bytes of a peer's text

/// Printable ASCII of a text from the gateway.
std::string shown(std::string text) {
    text.resize(std::min(text.size(), kMostShown));
    for (char& c : text) {
        c = c >= ' ' && c <= '~' ? c : '?';
    }
    return text;
}

/// @throws CredentialsUnavailable for statuses that may pass, CredentialsRefused for the rest
void require_ok(const net::HttpResponse& answer) {
    if (answer.status == 200) {
        return;
    }
    const auto problem = nlohmann::json::parse(answer.body, nullptr, false);
    const auto text = [&](const char* name) {
        const auto found = problem.is_object() ? problem.find(name) : problem.end();
        return problem.is_object() && found != problem.end() && found->is_string()
                   ? shown(found->get<std::string>())
                   : std::string();
    };
    const auto code = text("code");
    const auto detail = text("detail");
    const std::string what =
        "the gateway answers " + std::to_string(answer.status) +
        (code.empty() ? " without a problem document: GATEWAY_URL is not a gateway of Lamda"
                      : " " + code + (detail.empty() ? "" : ": " + detail));
    const bool again = answer.status == 429 || (answer.status >= 500 && answer.status != 501) ||
                       code == "invalid_challenge" || code == "challenge_expired";
    if (again) {
        throw CredentialsUnavailable(what);
    }
    const auto remedy = remedy_of(code);
    throw CredentialsRefused(what + (remedy.empty() ? "" : ". " + remedy), code);
}

}  // namespace

std::string remedy_of(const std::string& code) {
    if (code == "not_registered") {
        return "Register the provider on opBNB (AGENT_REGISTER=true), and wait until the registry has seen "
               "it";
    }
    if (code == "revoked") {
        return "The market's operator has to allow this provider again (lamda nats allow)";
    }
    if (code == "invalid_signature") {
        return "Compare BSC_CHAIN_ID and JOB_MANAGER_CONTRACT_ADDRESS with those of the market";
    }
    if (code == "credentials_not_offered") {
        return "Set NATS_URL with a login, or NATS_CREDS_FILE, and remove GATEWAY_URL";
    }
    if (code == "not_found" || code.empty()) {
        return "Check GATEWAY_URL";
    }
    return "";
}

Status check_issued(const wire::IssuedCredentials& issued, const Address& provider, const std::string& nkey) {
    const auto claims = natsauth::decode(issued.jwt);
    if (!claims || claims->subject != nkey || claims->name != provider.hex()) {
        return Error{"wrong_credentials", "the answer's JWT is not one for this provider and NKey", "/jwt"};
    }
    for (const auto& server : issued.servers) {
        const auto parsed = bus::parse_servers(server);
        if (!parsed || !parsed->user.empty() || !parsed->token.empty()) {
            return Error{"wrong_credentials", "the answer's servers are not usable", "/servers"};
        }
    }
    return Ok{};
}

CredentialsClient::CredentialsClient(net::Transport& http, std::string gateway_url,
                                     const crypto::Signer& signer)
    : http_(http), gateway_url_(std::move(gateway_url)), signer_(signer) {}

net::HttpResponse CredentialsClient::send(net::HttpRequest request) {
    request.url = gateway_url_ + request.url;
    request.timeout = kTimeout;
    request.max_body = kMostBody;
    try {
        auto answer = http_.send(request);
        require_ok(answer);
        return answer;
    } catch (const net::TransportError& error) {
        throw CredentialsUnavailable(std::string("the gateway does not answer: ") + error.what());
    }
}

wire::IssuedCredentials CredentialsClient::obtain(const std::string& nkey, const eth::Eip712Domain& market) {
    const auto& provider = signer_.address();
    constexpr auto kPath = "/api/agents/credentials";
    net::HttpRequest ask;
    ask.url = std::string(kPath) + "/challenge?provider=" + provider.hex() + "&nkey=" + nkey;
    const auto challenge = nlohmann::json::parse(send(std::move(ask)).body, nullptr, false);
    const bool has_message = challenge.is_object() && challenge.contains("message");
    const auto offered = wire::parse_agent_credentials(has_message ? challenge["message"].dump() : "{}");
    if (!offered) {
        throw CredentialsUnavailable("the gateway's challenge is malformed: " + offered.error().message);
    }
    const wire::AgentCredentials message{provider, nkey, offered->nonce, offered->expires_at};
    const auto signature = wire::sign_agent_credentials(message, market, signer_);

    net::HttpRequest prove;
    prove.method = "POST";
    prove.url = kPath;
    prove.headers = {{"Content-Type", "application/json"}};
    prove.body =
        nlohmann::json{{"message", nlohmann::json::parse(to_json(message))}, {"signature", signature.hex65()}}
            .dump();
    auto issued = wire::parse_issued_credentials(send(std::move(prove)).body);
    if (!issued) {
        throw CredentialsUnavailable("the gateway's answer is malformed: " + issued.error().message + " at " +
                                     issued.error().where);
    }
    if (const auto checked = check_issued(*issued, provider, nkey); !checked) {
        throw CredentialsUnavailable(checked.error().message);
    }
    return *std::move(issued);
}

}  // namespace lamda::agent
