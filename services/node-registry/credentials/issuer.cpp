#include "services/node-registry/credentials/issuer.hpp"

#include <algorithm>

#include "problem/problem.hpp"
#include "services/node-registry/ingest/node_store.hpp"

namespace lamda::registry {

using problem::Problem;

namespace {

telemetry::Counter count_results(telemetry::Metrics& metrics, const std::string& result) {
    return metrics.counter("lamda_registry_credentials_total",
                           "Requests for credentials of the bus with a signature, by result.",
                           {{"result", result}});
}

/// @throws Problem 403
void require(const Status& status) {
    if (!status) {
        throw Problem{403, status.error().code, "", status.error().message, {}};
    }
}

eth::Eip712Domain market_of(store::Txn& txn) {
    auto domain = recorded_deployment(txn);
    if (!domain) {
        throw Problem{503,
                      "chain_unknown",
                      "",
                      "the job dispatcher has not recorded its chain in this database yet; try again",
                      {}};
    }
    return *std::move(domain);
}

void require_access(bool registered, const BusAccess& access) {
    if (!registered) {
        throw Problem{
            403, "not_registered", "", "the provider is not registered on opBNB: register it first", {}};
    }
    if (access.revoked) {
        throw Problem{
            403,
            "revoked",
            "",
            "the operator has revoked the provider's access to the bus: ask the operator to allow it "
            "again",
            {}};
    }
}

}  // namespace

Issuer::Issuer(const IssuerConfig& config, store::Database& database, AccountPublisher& accounts,
               const Clock& clock, const telemetry::Log& log, telemetry::Metrics& metrics)
    : config_(config),
      database_(database),
      accounts_(accounts),
      clock_(clock),
      log_(log),
      issued_(count_results(metrics, "issued")),
      refused_(count_results(metrics, "refused")),
      challenges_(config.keys) {}

std::string Issuer::answer(const std::string& body) {
    try {
        const auto request = wire::parse_credentials_request(body);
        if (!request) {
            throw problem::invalid(request.error(), request.error().where);
        }
        const auto& message = request->message;
        if (const auto key = natsauth::parse_public_key(natsauth::KeyKind::kUser, message.nkey); !key) {
            throw problem::invalid(key.error(), "/nkey");
        }
        const auto [domain, access] = database_.transact(
            [&](store::Txn& txn) { return std::pair(market_of(txn), read_access(txn, message.provider)); });
        if (!request->signature) {
            return to_json(
                challenges_.make(message.provider, message.nkey, domain, access.generation, clock_.now()));
        }
        // The signature last: a request without a true challenge costs no curve operation.
        require(challenges_.verify(message, domain, access.generation, clock_.now()));
        require(wire::verify_agent_credentials(message, *request->signature, domain));
        return issue(message, domain);
    } catch (const Problem& refusal) {
        if (refusal.status == 403) {
            refused_.add();
        }
        return to_json(refusal);
    } catch (const std::exception& error) {
        log_.error("credentials not issued", {{"error", error.what()}});
        return to_json(
            Problem{503, "unavailable", "", "credentials cannot be issued now; try again later", {}});
    }
}

std::string Issuer::issue(const wire::AgentCredentials& message, const eth::Eip712Domain& domain) {
    require_access(database_.transact([&](store::Txn& txn) { return is_registered(txn, message.provider); }),
                   {});
    count_issue(message.provider);
    try {
        return to_json(send_and_sign(message, domain));
    } catch (...) {
        uncount_issue(message.provider);
        throw;
    }
}

wire::IssuedCredentials Issuer::send_and_sign(const wire::AgentCredentials& message,
                                              const eth::Eip712Domain& domain) {
    // The row is locked while the account is sent, so that an order of the operator cannot be overtaken by an
    // earlier state of the account, and a revocation that waits for it is later than `issued_at`. A repeated
    // transaction sends the account again, which changes nothing.
    const auto credentials = database_.transact([&](store::Txn& txn) {
        const auto now_locked = lock_access(txn, message.provider);
        require_access(is_registered(txn, message.provider), now_locked);
        require(challenges_.verify(message, domain, now_locked.generation, clock_.now()));
        accounts_.push(message.provider, now_locked);
        note_pushed(txn, message.provider, now_locked.generation, accounts_.form());
        return credentials_for(message, now_locked);
    });
    issued_.add();
    log_.info("credentials issued", {{"provider", message.provider.hex()},
                                     {"nkey", message.nkey},
                                     {"expires_at", to_rfc3339(credentials.expires_at)}});
    return credentials;
}

void Issuer::count_issue(const Address& provider) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.steady();
    auto& window = windows_[provider];
    if (now >= window.end) {
        window = {now + kIssueWindow, 0};
    }
    if (++window.issues > kMostIssues) {
        throw Problem{429,
                      "too_many_credentials",
                      "",
                      "more than " + std::to_string(kMostIssues) +
                          " credentials a minute for one provider; try again in a minute",
                      {}};
    }
}

void Issuer::uncount_issue(const Address& provider) {
    const std::lock_guard lock(mutex_);
    auto& issues = windows_[provider].issues;
    issues = std::max(0, issues - 1);
}

wire::IssuedCredentials Issuer::credentials_for(const wire::AgentCredentials& message,
                                                const BusAccess& access) const {
    // JWTs count in seconds, and those of the second of a revocation are void.
    auto issued_at = clock_.now();
    if (access.revoked_at) {
        issued_at = std::max(issued_at, *access.revoked_at + Millis(1'000));
    }
    const auto user = natsauth::provider_user(message.provider, message.nkey, issued_at, config_.lifetime);
    return {encode(user, config_.keys.agents_key), config_.servers, issued_at, issued_at + config_.lifetime};
}

std::string credentials_not_offered() {
    return to_json(
        Problem{501,
                "credentials_not_offered",
                "",
                "the bus of this market issues no credentials by key: ask the operator for a login "
                "(NATS_URL, or NATS_CREDS_FILE)",
                {}});
}

}  // namespace lamda::registry
