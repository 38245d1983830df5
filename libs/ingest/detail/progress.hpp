// Progress: speed and remaining time of a long read, for logs and metrics. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::ingest {

class Progress {
  public:
    struct Report {
        double blocks_per_second = 0;
        double logs_per_second = 0;
        std::optional<Millis> left;  ///< absent: no progress
    };

    /// Returns a report when the last one (or the start) is at least 5 s old.
    std::optional<Report> observe(Steady now, BlockNum at, BlockNum target, std::uint64_t logs) {
        constexpr Millis kEvery{5'000};
        if (!began_) {
            began_ = {now, at, logs};
            return std::nullopt;
        }
        if (now - began_->time < kEvery) {
            return std::nullopt;
        }
        const double seconds = std::chrono::duration<double>(now - began_->time).count();
        Report report;
        report.blocks_per_second = static_cast<double>(at.value - std::min(at, began_->at).value) / seconds;
        report.logs_per_second = static_cast<double>(logs - began_->logs) / seconds;
        if (report.blocks_per_second > 0 && target >= at) {
            report.left = Millis(static_cast<std::int64_t>(static_cast<double>(target.value - at.value) /
                                                           report.blocks_per_second * 1'000));
        }
        began_ = {now, at, logs};
        return report;
    }
    void reset() { began_.reset(); }

  private:
    struct Mark {
        Steady time;
        BlockNum at;
        std::uint64_t logs;
    };
    std::optional<Mark> began_;
};

}  // namespace lamda::ingest
