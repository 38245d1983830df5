// Rates of requests, from the settings.
#pragma once

#include <cstdint>

namespace lamda::gateway {

/// Requests per second on average; 0: unlimited.
struct RateSettings {
    std::uint64_t cheap = 50;      ///< of one client address, and of one wallet
    std::uint64_t expensive = 10;  ///< changes and larger pages, of one address and of one wallet
    std::uint64_t key = 500;       ///< of one API key of the operator, of all kinds
};

}  // namespace lamda::gateway
