#include "rpcpool/endpoint_chain.hpp"

#include <algorithm>

namespace lamda::rpcpool {

void require_recorded_chain(RpcConfig config, const std::string& setting, const Clock& clock,
                            const telemetry::Log& log) {
    constexpr Millis kLongest{3'000};
    config.timeout = std::min(config.timeout, kLongest);
    const auto recorded = config.chain;
    MultiRpc rpc(std::move(config), clock, log);
    const auto refuse = [&](const std::string& what) {
        throw ConfigContradiction(setting + ": " + what +
                                  ", but the database holds what was read from chain " +
                                  std::to_string(recorded ? recorded->value : 0) +
                                  ": set endpoints of that chain, or use another database (DATABASE_URL)");
    };
    std::optional<ChainId> seen;
    try {
        seen = rpc.chain_id();
    } catch (const ConfigContradiction& error) {
        refuse(error.what());
    }
    if (recorded && seen != recorded) {
        refuse(rpc.name() + " is on chain " + std::to_string(seen->value));
    }
}

}  // namespace lamda::rpcpool
