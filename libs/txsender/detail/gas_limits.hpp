// GasLimits: gas limits that are estimated once for each shape of call, and checked for each call.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "eth/rpc.hpp"
#include "txsender/tx_queue.hpp"

namespace lamda::txsender {

/// Not thread-safe.
class GasLimits {
  public:
    /// @param margin_percent added to an estimate
    GasLimits(eth::Rpc& rpc, Address wallet, unsigned margin_percent);

    struct Verdict {
        std::uint64_t limit = 0;
        std::string reverts{};     ///< revert reason; empty: the call succeeds
        std::string unanswered{};  ///< error, when no node could answer; empty: answered
    };
    /// Checks the intents in their order, by one batch of eth_call under the known limits. A call that fails
    /// under its limit is estimated separately, which may raise the limit: a provider's first increment costs
    /// more than the next.
    /// @throws net::TransportError, eth::BadAnswer of HTTP
    std::vector<Verdict> check(const std::vector<Intent>& intents);

  private:
    /// Recipient, selector, length of the calldata, true if it carries value.
    using Shape = std::tuple<Address, Bytes, std::size_t, bool>;
    static Shape shape_of(const Intent& intent);
    eth::CallRequest request_of(const Intent& intent) const;
    Verdict estimate(const Intent& intent);

    eth::Rpc& rpc_;
    Address wallet_;
    unsigned margin_percent_;
    std::map<Shape, std::uint64_t> known_;
};

}  // namespace lamda::txsender
