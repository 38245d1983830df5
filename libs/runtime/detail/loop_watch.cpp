#include "runtime/detail/loop_watch.hpp"

namespace lamda::runtime {

bool LoopWatch::Loop::has_recovered(Steady now) const {
    return running_since && now - *running_since >= kRecovered + 2 * lasted;
}

void LoopWatch::started(const std::string& loop, Steady now) {
    const std::lock_guard lock(mutex_);
    loops_[loop].running_since = now;
}

void LoopWatch::failed(const std::string& loop, const std::string& reason, Steady now) {
    const std::lock_guard lock(mutex_);
    Loop& known = loops_[loop];
    known.failures = known.has_recovered(now) ? 1 : known.failures + 1;
    known.lasted =
        known.running_since ? std::chrono::duration_cast<Millis>(now - *known.running_since) : Millis{0};
    known.running_since.reset();
    known.reason = reason;
}

std::string LoopWatch::stall(Steady now) const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const auto& [name, loop] : loops_) {
        if (loop.failures >= kInARow && !loop.has_recovered(now)) {
            out += (out.empty() ? "" : "; ") + name + ": " + loop.reason;
        }
    }
    return out;
}

}  // namespace lamda::runtime
