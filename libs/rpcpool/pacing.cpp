#include "rpcpool/pacing.hpp"

#include <algorithm>

namespace lamda::rpcpool {

void BlockInterval::observe(BlockNum number, std::uint64_t timestamp) {
    const Sample now{number.value, timestamp};
    if (!first_ || now.number < first_->number || now.timestamp < first_->timestamp) {
        first_ = now;
        middle_.reset();
        return;
    }
    const auto blocks = now.number - first_->number;
    const auto seconds = now.timestamp - first_->timestamp;
    if (blocks >= 8 && seconds >= 2) {
        interval_ = Millis(static_cast<std::int64_t>(seconds * 1000 / blocks));
    }
    // Half of the samples is dropped every 512 blocks, so that the interval follows a change of pace.
    if (!middle_ && blocks >= 512) {
        middle_ = now;
    } else if (middle_ && now.number - middle_->number >= 512) {
        first_ = middle_;
        middle_ = now;
    }
}

namespace {
Millis bounded(double millis) {
    return std::clamp(Millis(static_cast<std::int64_t>(millis)), kShortestPause, kLongestPause);
}
}  // namespace

Millis Pacer::after_new_block(Millis interval) {
    lead_ = missed_ ? std::max(0.0, lead_ - 0.02) : std::min(0.5, lead_ + 0.05);
    missed_ = false;
    return bounded(static_cast<double>(interval.count()) * (1.0 - lead_));
}

Millis Pacer::after_nothing(Millis interval) {
    missed_ = true;
    return bounded(static_cast<double>(interval.count()) / 8);
}

Millis Backoff::next() {
    const auto grown = first_.count() << std::min(failures_, 16U);
    ++failures_;
    const auto pause = std::min<std::int64_t>(grown, most_.count());
    std::uniform_int_distribution<std::int64_t> jitter(pause / 2, pause);
    return Millis(jitter(random_));
}

}  // namespace lamda::rpcpool
