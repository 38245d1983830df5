// Learns the BSC chain id from the endpoints, where it is not configured.
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

/// One endpoint's chain id. Absent: the endpoint does not answer.
struct ChainAnswer {
    std::string endpoint;
    std::optional<ChainId> chain;
};
/// The chain id that all endpoints name that answer; absent when none answers. Errors: `chains_differ`. Pure.
Result<std::optional<ChainId>> common_chain(const std::vector<ChainAnswer>& answers);

/// No single answer is believed for good: every endpoint is asked, all that answer must agree, and they are
/// asked again for as long as the process lasts.
class ChainLearner {
  public:
    /// @param endpoints each of them one node
    ChainLearner(BscIdentity& identity, std::vector<std::unique_ptr<eth::Rpc>> endpoints, telemetry::Log log,
                 telemetry::Health& health);
    /// Until stopped; returns at once when the id is configured. @throws DiskError
    void run(const std::stop_token& stop);
    /// Asks once. The pause before the next time. @throws DiskError
    Millis step();

  private:
    BscIdentity& identity_;
    std::vector<std::unique_ptr<eth::Rpc>> endpoints_;
    telemetry::Log log_;
    telemetry::Health& health_;
};

}  // namespace lamda::agent
