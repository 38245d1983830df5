// Content for tests of files.
#pragma once

#include <cstdint>
#include <string>

namespace lamda::ipfs {

/// Returns bytes without a short period, so that no two blocks of a file are equal. Equal arguments give
/// equal bytes.
inline std::string some_bytes(std::size_t size, unsigned seed = 0) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = static_cast<char>(i * 31 + (i >> 8) * 17 + (i >> 16) * 7 + seed);
    }
    return out;
}

}  // namespace lamda::ipfs
