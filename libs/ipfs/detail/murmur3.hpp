// MurmurHash3, variant x64: places the names of a sharded directory. Internal to ipfs.
// https://github.com/aappleby/smhasher/wiki/MurmurHash3
#pragma once

#include <cstdint>

#include "core/bytes.hpp"

namespace lamda::ipfs::detail {

/// The first 64 bits of the 128-bit hash with seed 0: multihash `murmur3-x64-64` (0x22).
std::uint64_t murmur3_x64_64(BytesView bytes);

}  // namespace lamda::ipfs::detail
