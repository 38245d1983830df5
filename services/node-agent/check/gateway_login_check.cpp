// Bus part of the checks, with credentials of the gateway.
#include "eth/rpc_client.hpp"
#include "services/node-agent/benchmark/benchmark.hpp"
#include "services/node-agent/check/checks.hpp"
#include "services/node-agent/credentials/credentials_client.hpp"
#include "wire/messages.hpp"

namespace lamda::agent {

namespace {

constexpr auto kName = "NATS credentials";

std::string joined(const std::vector<std::string>& servers) {
    std::string out;
    for (const auto& server : servers) {
        out += (out.empty() ? "" : ",") + server;
    }
    return out;
}

}  // namespace

std::vector<Finding> check_gateway_login(net::Transport& http, const Config& config, Millis timeout) {
    const auto& provider = config.signer->address();
    const auto key = natsauth::Nkey::generate(natsauth::KeyKind::kUser);
    wire::IssuedCredentials issued;
    try {
        const auto market = wire::market_domain(market_chain(config, http), config.job_manager);
        issued = CredentialsClient(http, config.gateway_url, *config.signer).obtain(key.public_key(), market);
    } catch (const CredentialsRefused& refusal) {
        const auto remedy = remedy_of(refusal.code());
        return {{kName, CheckResult::kFailed, refusal.what(),
                 remedy.empty() ? "ask the market's operator" : remedy}};
    } catch (const CredentialsUnavailable& error) {
        return {{kName, CheckResult::kFailed, error.what(),
                 "check GATEWAY_URL, and that the market's gateway and registry run"}};
    }
    std::vector<Finding> out{
        {kName, CheckResult::kOk, "the gateway gives credentials until " + to_rfc3339(issued.expires_at)}};
    const auto servers = joined(issued.servers);
    bus::Bus bus(config.nats_url.empty() ? servers : config.nats_url.reveal(), "lamda-node-agent-check",
                 telemetry::Log::none(),
                 runtime::make_login(provider.hex(), [&] { return natsauth::Credentials{issued.jwt, key}; }));
    for (auto& finding : check_bus(bus, provider, timeout)) {
        out.push_back(std::move(finding));
    }
    return out;
}

}  // namespace lamda::agent
