// Transactions to every endpoint at once.
#pragma once

#include <vector>

#include "chain/endpoints.hpp"
#include "eth/rpc.hpp"
#include "net/transport.hpp"

namespace lamda::chain {

/// Once one endpoint has a transaction, the others have this long to get it as well.
inline constexpr Millis kBroadcastGrace{1'000};

/// As one batch to each endpoint whose chain id was seen, in their order; one that some endpoint accepts is
/// accepted. Empty: no endpoint answered to a batch.
std::vector<eth::SendOutcome> broadcast(const std::vector<Bytes>& raws, Endpoints& endpoints,
                                        net::Transport& transport, const Clock& clock, Millis timeout);

}  // namespace lamda::chain
