// Transactions to every endpoint at once.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "eth/pending_calls.hpp"
#include "eth/rpc.hpp"
#include "rpcpool/endpoints.hpp"

namespace lamda::rpcpool {

/// Once one endpoint has a transaction, the others have this long to get it as well.
inline constexpr Millis kBroadcastGrace{1'000};

/// As one batch to each endpoint whose chain id was seen, in their order; one that some endpoint accepts is
/// accepted. Under way from its making on.
class Broadcast {
  public:
    Broadcast(const std::vector<Bytes>& raws, Endpoints& endpoints, net::Transport& transport,
              const Clock& clock, Millis timeout);
    ~Broadcast();

    /// Waits. Empty: no endpoint answered to a batch.
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
