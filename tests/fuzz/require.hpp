// Assertion of a fuzz target about its parser; aborts if it does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/bytes.hpp"

namespace lamda::fuzz {

inline void require(bool holds, const char* claim) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", claim);
        std::abort();
    }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace lamda::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
