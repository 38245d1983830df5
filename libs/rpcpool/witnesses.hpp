// Separate clients for the endpoints of one chain, one for each endpoint.
#pragma once

#include <memory>
#include <vector>

#include "rpcpool/multi_rpc.hpp"

namespace lamda::rpcpool {

/// Calls each endpoint of a chain separately. Takes from the MultiRpc which endpoints back off or are on
/// another chain; results of these calls do not change the state that the MultiRpc keeps.
class Witnesses {
  public:
    /// @param rpc must outlive this object
    Witnesses(MultiRpc& rpc, const Clock& clock);

    /// Must be called first; may be called again.
    void open(ChainId chain);
    /// Endpoints that may be called now, best first, as positions in the settings.
    std::vector<std::size_t> candidates() const { return rpc_.endpoints().candidates(); }
    MultiRpc& at(std::size_t endpoint) const { return *endpoints_[endpoint]; }
    /// Number of endpoints that are not on another chain, including those that back off.
    std::size_t usable() const;

  private:
    MultiRpc& rpc_;
    const Clock& clock_;
    std::vector<std::unique_ptr<MultiRpc>>
        endpoints_;  ///< one for each endpoint, in the order of the settings
};

}  // namespace lamda::rpcpool
