#include "tools/cli/stores/stream_status.hpp"

#include <algorithm>

#include "terminal/units.hpp"

namespace lamda::cli {
namespace {

using terminal::rough;

/// opBNB takes up to a minute to finality. A stream of final blocks does not lag meanwhile.
constexpr Millis kFinalityTakes{5 * 60'000};

Millis since(Timestamp from, Timestamp to) {
    return std::max(Millis(0), std::chrono::duration_cast<Millis>(to - from));
}

std::string failure_of(const StreamState& stream, const Verdict& lag, Timestamp now, Millis max_lag) {
    const auto moved = std::max(stream.updated_at, stream.head_noted_at.value_or(stream.updated_at));
    if (since(moved, now) > max_lag) {
        return "stalled for " + rough(since(moved, now));
    }
    if (!stream.processed) {
        return "has processed no block yet";
    }
    if (stream.head && since(stream.head->at, now) > max_lag) {
        return "the newest block known is " + rough(since(stream.head->at, now)) + " old";
    }
    // A stream of final blocks can apply up to its boundary, any other up to the head. A stream above its
    // boundary does not wait for finality.
    const auto at = stream.processed->number;
    const bool due = at < stream.boundary || (at > stream.boundary && lag.lag_blocks > 0);
    if (due && lag.lag > max_lag) {
        return "lags";
    }
    if (!due && lag.lag > max_lag + kFinalityTakes) {
        return "waits for finality";
    }
    return "";
}

}  // namespace

Verdict judge(const StreamState& stream, Timestamp now, Millis max_lag) {
    Verdict out;
    if (stream.processed) {
        out.lag = since(stream.processed->at, stream.head ? stream.head->at : now);
        if (stream.head && stream.head->number > stream.processed->number) {
            out.lag_blocks = stream.head->number.value - stream.processed->number.value;
        }
    }
    out.text = failure_of(stream, out, now, max_lag);
    out.ok = out.text.empty();
    if (out.ok) {
        out.text = "ok";
    } else if (!stream.instance_active) {
        out.text += "; no active instance";
    }
    return out;
}

}  // namespace lamda::cli
