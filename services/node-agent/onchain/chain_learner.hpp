// Learns the BSC chain id from the endpoints if it is not configured.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "eth/rpc.hpp"
#include "services/node-agent/onchain/bsc_identity.hpp"
#include "telemetry/health.hpp"
#include "telemetry/log.hpp"

namespace lamda::agent {

/// Chain id reported by one endpoint; absent if the endpoint does not answer.
struct ChainAnswer {
    std::string endpoint;
    std::optional<ChainId> chain;
};
/// Chain id reported by all endpoints that answer; absent if none answers. Errors: `chains_differ`. Pure.
Result<std::optional<ChainId>> common_chain(const std::vector<ChainAnswer>& answers);

/// No single answer is final: every endpoint is queried, all that answer must agree, and the request is
/// repeated until the process stops.
class ChainLearner {
  public:
    /// @param endpoints one per URL
    ChainLearner(BscIdentity& identity, std::vector<std::unique_ptr<eth::Rpc>> endpoints, telemetry::Log log,
                 telemetry::Health& health);
    /// Runs until stopped; returns at once if the id is configured. @throws DiskError
    void run(const std::stop_token& stop);
    /// Queries every endpoint once. Returns the pause before the next time. @throws DiskError
    Millis step();

  private:
    BscIdentity& identity_;
    std::vector<std::unique_ptr<eth::Rpc>> endpoints_;
    telemetry::Log log_;
    telemetry::Health& health_;
};

}  // namespace lamda::agent
