// Issues credentials of the bus to registered providers that prove their key (nodes.credentials).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/node-registry/credentials/account_publisher.hpp"
#include "services/node-registry/credentials/challenge.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace lamda::registry {

struct IssuerConfig {
    natsauth::IssuerKeys keys;
    std::vector<std::string> servers;  ///< of the bus, as agents reach them; without a login
    Millis lifetime{86'400'000};       ///< of credentials
};

/// Most credentials for one provider in kIssueWindow: each costs a request to the server.
inline constexpr int kMostIssues = 6;
inline constexpr Millis kIssueWindow{60'000};

/// Thread-safe.
class Issuer {
  public:
    /// @param clock the database's: all instances agree on expiries
    Issuer(const IssuerConfig& config, store::Database& database, AccountPublisher& accounts,
           const Clock& clock, const telemetry::Log& log, telemetry::Metrics& metrics);

    /// Answers a request: a challenge, credentials, or a problem document. Never throws.
    std::string answer(const std::string& body);

  private:
    /// @param message with a verified signature
    std::string issue(const wire::AgentCredentials& message, const eth::Eip712Domain& domain);
    /// Sends the account, then signs. @throws problem::Problem, and as AccountPublisher::push
    wire::IssuedCredentials send_and_sign(const wire::AgentCredentials& message,
                                          const eth::Eip712Domain& domain);
    /// @throws problem::Problem 429
    void count_issue(const Address& provider);
    /// Gives the count back: nothing was issued.
    void uncount_issue(const Address& provider);
    wire::IssuedCredentials credentials_for(const wire::AgentCredentials& message,
                                            const BusAccess& access) const;

    const IssuerConfig& config_;
    store::Database& database_;
    AccountPublisher& accounts_;
    const Clock& clock_;
    telemetry::Log log_;
    telemetry::Counter issued_;
    telemetry::Counter refused_;
    Challenges challenges_;
    struct Window {
        Steady end{};
        int issues = 0;
    };
    std::mutex mutex_;
    std::map<Address, Window> windows_;  ///< of registered providers only
};

/// Answer of a registry without issuer keys: problem 501 `credentials_not_offered`.
std::string credentials_not_offered();

}  // namespace lamda::registry
