// Measures the bytes that a job wrote to the provider's disk, anywhere in its container. Engines enforce a
// limit on few file systems only (docs/decisions/0013-disk-limit-by-measuring.md).
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "services/node-agent/executor/executor.hpp"
#include "services/node-agent/executor/paced_measurement.hpp"
#include "services/node-agent/state/assignment_decision.hpp"

namespace lamda::agent {

/// Measures work that has ended. Counting of each part stops once it alone is above `most` bytes.
/// @throws ExecutorError, ExecutorUnavailable
Written measure_written(Executor& executor, const AttemptKey& key, const JobDirs& dirs, std::uint64_t most,
                        const std::stop_token& stop);

/// Measures running work on two threads: the executor may take minutes to count a layer, which must not delay
/// the next measurement of the folders, and a wait for the end must delay neither.
class DiskWatch {
  public:
    /// Called by a measuring thread once the sum is above `most`. Called again after the next measurement if
    /// it throws.
    using OnExcess = std::function<void(const Written&)>;
    DiskWatch(Executor& executor, const AttemptKey& key, const JobDirs& dirs, std::uint64_t most,
              OnExcess on_excess, const Clock& clock, const telemetry::Log& log);

  private:
    std::uint64_t note(std::uint64_t Written::* part, std::uint64_t bytes);

    std::uint64_t most_;
    OnExcess on_excess_;
    std::mutex mutex_;
    Written written_;                ///< latest values
    std::optional<Written> excess_;  ///< the first sum above the limit
    bool reported_ = false;
    PacedMeasurement folders_;  // last: they use the others
    PacedMeasurement layer_;
};

}  // namespace lamda::agent
