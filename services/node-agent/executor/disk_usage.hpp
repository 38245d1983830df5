// Bytes that a job wrote, by place.
#pragma once

#include <cstdint>

namespace lamda::agent {

/// Bytes that a job wrote to the provider's disk. All of them count towards diskMib.
struct Written {
    std::uint64_t output = 0;   ///< /output
    std::uint64_t layer = 0;    ///< the container's own file system, without mounts
    std::uint64_t volumes = 0;  ///< the image's declared volumes, including the image's content there
    std::uint64_t total() const { return output + layer + volumes; }
    bool operator==(const Written&) const = default;
};

}  // namespace lamda::agent
