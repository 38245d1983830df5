// How much a job wrote.
#pragma once

#include <cstdint>

namespace lamda::agent {

/// Bytes that a job wrote to the provider's disk. All of it counts towards diskMib: full is full.
struct Written {
    std::uint64_t output = 0;   ///< /output
    std::uint64_t layer = 0;    ///< the container's own file system, but for what is mounted into it
    std::uint64_t volumes = 0;  ///< where its image declares volumes; with what the image has there
    std::uint64_t total() const { return output + layer + volumes; }
    bool operator==(const Written&) const = default;
};

}  // namespace lamda::agent
