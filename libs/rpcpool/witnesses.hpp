// The endpoints of a chain asked one by one, each over a connection of its own.
#pragma once

#include <memory>
#include <vector>

#include "rpcpool/multi_rpc.hpp"

namespace lamda::rpcpool {

/// What the chain's endpoints say, each for itself. Knows of the MultiRpc's notes who rests and who is on
/// another chain; what is asked here tells it nothing.
class Witnesses {
  public:
    /// @param rpc outlives it
    Witnesses(MultiRpc& rpc, const Clock& clock);

    /// Before all else; may be called again.
    void open(ChainId chain);
    /// Those that may be asked now, best first, by their places in the settings.
    std::vector<std::size_t> candidates() const { return rpc_.endpoints().candidates(); }
    MultiRpc& at(std::size_t endpoint) const { return *endpoints_[endpoint]; }
    /// Endpoints that are not on another chain, resting or not.
    std::size_t usable() const;

  private:
    MultiRpc& rpc_;
    const Clock& clock_;
    std::vector<std::unique_ptr<MultiRpc>> endpoints_;  ///< one each, in the order of the settings
};

}  // namespace lamda::rpcpool
