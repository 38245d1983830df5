// Limits of the server's connections in time and number.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/memory_budget.hpp"
#include "http/address_ranges.hpp"
#include "http/body_stream.hpp"
#include "http/detail/request_head.hpp"

namespace lamda::http {

struct EngineConfig {
    std::string bind_address;
    int port = 0;
    std::size_t workers = 8;
    std::size_t most_workers = 64;
    std::size_t most_large = 2;  ///< workers that large requests may use at a time
    /// At the limit a waiting connection is closed for a new one; 503 only if all are being served.
    std::size_t most_connections = 1000;
    std::size_t most_of_address = 250;  ///< connections of one address; proxies are not limited
    AddressRanges trusted_proxies = AddressRanges::loopback();
    std::size_t most_held = 24U << 20;  ///< bytes of requests not served yet, and of unsent answers
    std::size_t max_body = 1U << 20;
    /// True for a request whose handler reads the body itself. Called on the watching thread; must not block.
    std::function<bool(const RequestHead& head)> is_streamed = [](const RequestHead&) { return false; };
    StreamLimits streams;
    MemoryBudget* memory = nullptr;  ///< counts answers until they are sent
    std::chrono::milliseconds head_timeout{5'000};
    std::chrono::milliseconds body_timeout{30'000};  ///< for the whole request, from its first byte
    std::chrono::milliseconds keep_alive{5'000};
    std::chrono::milliseconds write_timeout{10'000};  ///< for a whole answer
};

}  // namespace lamda::http
