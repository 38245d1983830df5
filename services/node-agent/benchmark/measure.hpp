// Short measurements of this machine for `lamda-node-agent --benchmark`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "ipfs/content_store.hpp"

namespace lamda::agent {

/// SHA-256 in bytes per second, by `threads` threads together, for about `time`.
std::uint64_t measure_sha256(unsigned threads, Millis time, const Clock& clock);

/// Copied bytes per second (each is read once and written once), by one thread.
std::uint64_t measure_memory(Millis time, const Clock& clock);

struct DiskSpeed {
    std::uint64_t write = 0;  ///< bytes per second, one file with fsync
    std::uint64_t reads =
        0;  ///< random reads of 4 KiB per second, past the cache where the file system allows
};
/// Uses a file of `bytes` in `dir`, which is removed. Ends early after `time` for each of both.
/// @throws DiskError
DiskSpeed measure_disk(const std::string& dir, std::uint64_t bytes, Millis time, const Clock& clock);

struct StoreSpeed {
    std::optional<std::uint64_t> up;  ///< bytes per second to the store; absent: it did not take the content
    std::optional<std::uint64_t>
        down;  ///< bytes per second from gateways and store; absent: no source had it
};
/// Stores a new file of `bytes` and fetches it again. @param dir for both files
StoreSpeed measure_store(ipfs::ContentStore& store, const std::string& dir, std::uint64_t bytes,
                         const Clock& clock);

}  // namespace lamda::agent
