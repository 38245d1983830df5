// What is known of one endpoint: its state, its limits and the head it named last.
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

/// What is known of one endpoint.
struct EndpointNote {
    enum class State {
        kUnknown,   ///< not asked yet
        kGood,      ///< answered last
        kResting,   ///< failed, or asked for a pause
        kExcluded,  ///< on another chain: never used
    };
    EndpointId id;
    std::string name;  ///< scheme, host and port: fit for a log line
    State state = State::kUnknown;
    std::string last_error;       ///< why it is not good; empty: it is
    std::uint64_t max_range = 0;  ///< blocks that one eth_getLogs may span, as learned; 0: not learned yet
    bool answers_logs = true;     ///< false: it refuses eth_getLogs, and is read by receipts
    std::optional<BlockNum> head;
    std::optional<Timestamp> head_at;  ///< when it was told
    bool operator==(const EndpointNote&) const = default;
};
std::string_view to_string(EndpointNote::State state);

}  // namespace lamda::rpcpool
