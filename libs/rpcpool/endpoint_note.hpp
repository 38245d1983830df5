// State of one endpoint as shown and stored: limits, last error, last reported head.
#pragma once

#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::rpcpool {

namespace tag {
struct Endpoint {
    static constexpr auto kName = "an endpoint's id";
    static constexpr auto kError = "invalid_endpoint_id";
};
}  // namespace tag
/// SHA-256 of an endpoint's URL, which may hold a key.
using EndpointId = FixedBytes<32, tag::Endpoint>;

/// State of one endpoint.
struct EndpointNote {
    enum class State {
        kUnknown,   ///< not called yet
        kGood,      ///< the last call succeeded
        kResting,   ///< backs off after a failure, or waits for Retry-After
        kExcluded,  ///< on another chain; never used
    };
    EndpointId id;
    std::string name;  ///< scheme, host and port; holds no key, safe to log
    State state = State::kUnknown;
    std::string last_error;       ///< reason of the state; empty when the last call succeeded
    std::uint64_t max_range = 0;  ///< learned limit of blocks for one eth_getLogs; 0: not known
    bool answers_logs = true;     ///< false: refuses eth_getLogs; logs are read from receipts
    std::optional<BlockNum> head;
    std::optional<Timestamp> head_at;  ///< time of the report
    bool operator==(const EndpointNote&) const = default;
};
std::string_view to_string(EndpointNote::State state);

}  // namespace lamda::rpcpool
