#include "rpcpool/witnesses.hpp"

#include <algorithm>

namespace lamda::rpcpool {

Witnesses::Witnesses(MultiRpc& rpc, const Clock& clock) : rpc_(rpc), clock_(clock) {}

void Witnesses::open(ChainId chain) {
    for (std::size_t i = endpoints_.size(); i < rpc_.endpoints().size(); ++i) {
        RpcConfig one;
        one.urls = {rpc_.endpoints().url(i)};
        one.chain = chain;
        one.timeout = rpc_.timeout();
        endpoints_.push_back(
            std::make_unique<MultiRpc>(one, clock_, telemetry::Log::none(), rpc_.transport()));
    }
}

std::size_t Witnesses::usable() const {
    const auto notes = rpc_.endpoints().notes();
    return static_cast<std::size_t>(std::count_if(notes.begin(), notes.end(), [](const auto& note) {
        return note.state != EndpointNote::State::kExcluded;
    }));
}

}  // namespace lamda::rpcpool
