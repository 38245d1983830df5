// The configuration of a client that only looks blocks up: it stores nothing, and gives up soon.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ipfs/content_store.hpp"

namespace lamda::ipfs {

/// All stores together take at most this time, to keep an answer and a shutdown short.
inline constexpr Millis kLongestLookup{4'000};

/// @param api_url may be empty  @param gateways may be empty
inline ContentConfig lookup_config(std::string api_url, std::vector<std::string> gateways) {
    return {std::move(api_url), std::move(gateways), "", kLongestLookup, kLongestLookup};
}

}  // namespace lamda::ipfs
