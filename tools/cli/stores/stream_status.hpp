// Whether a stream is where it should be. Pure.
#pragma once

#include <string>

#include "tools/cli/stores/stream_store.hpp"

namespace lamda::cli {

struct Verdict {
    bool ok = true;
    std::string text;              ///< `ok`, or what is wrong
    std::uint64_t lag_blocks = 0;  ///< from what is processed to the head
    Millis lag{0};                 ///< the same in the chain's time; before the head is known: until now
};

/// @param max_lag more than this behind, or without a sign of life, is not ok
Verdict judge(const StreamState& stream, Timestamp now, Millis max_lag);

/// `3 s`, `12 min`, `5 h`, `4 d`: rounded down, for people.
std::string rough(Millis time);

}  // namespace lamda::cli
