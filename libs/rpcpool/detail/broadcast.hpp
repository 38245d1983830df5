// Broadcast: sends transactions to every endpoint at once.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "eth/pending_calls.hpp"
#include "eth/rpc.hpp"
#include "rpcpool/endpoints.hpp"

namespace lamda::rpcpool {

/// Time for the other endpoints after the first one has answered.
inline constexpr Millis kBroadcastGrace{1'000};

/// Sends one batch to each endpoint whose chain id is known. A transaction that one endpoint accepts is
/// accepted. In flight from construction on.
class Broadcast {
  public:
    Broadcast(const std::vector<Bytes>& raws, Endpoints& endpoints, net::Transport& transport,
              const Clock& clock, Millis timeout);
    ~Broadcast();

    /// Waits for the answers; results in the order of the transactions. Empty: no endpoint answered a batch.
    std::vector<eth::SendOutcome> outcomes();

  private:
    struct EndpointResult;

    Endpoints& endpoints_;
    const Clock& clock_;
    Millis timeout_;
    std::size_t count_;
    eth::PendingCalls pending_;
    std::map<eth::PendingCalls::Id, std::unique_ptr<EndpointResult>> under_way_;
};

}  // namespace lamda::rpcpool
