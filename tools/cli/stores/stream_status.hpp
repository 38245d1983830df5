// Verdict on a stream's progress, without I/O.
#pragma once

#include <string>

#include "tools/cli/stores/stream_store.hpp"

namespace lamda::cli {

struct Verdict {
    bool ok = true;
    std::string text;              ///< `ok`, or the failure
    std::uint64_t lag_blocks = 0;  ///< from the processed block to the head
    Millis lag{0};                 ///< the same in block time; if the head is unknown: until now
};

/// @param max_lag longest allowed lag, and longest time without an update
Verdict judge(const StreamState& stream, Timestamp now, Millis max_lag);

}  // namespace lamda::cli
