// The BSC chain id that this agent serves: configured, or learned from the endpoints.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/ids.hpp"

namespace lamda::agent {

/// A learned id is kept on disk, for a start at which no endpoint answers, and corrected when the endpoints
/// go on naming another one. Thread-safe.
class BscIdentity {
  public:
    /// That many answers in a row replace a learned id: behind a load balancer one answer may be another
    /// chain's.
    static constexpr int kAnswersToBelieve = 3;

    /// @param path the file that keeps the learned id
    BscIdentity(std::optional<ChainId> configured, std::string path);
    bool configured() const { return configured_; }
    std::optional<ChainId> known() const;
    /// Absent only when stopped.
    std::optional<ChainId> wait(const std::stop_token& stop) const;
    /// Until another id than `chain` is known. False: stopped before.
    bool wait_other(ChainId chain, const std::stop_token& stop) const;

    enum class Learned {
        kNothing,   ///< the id is configured, or known already
        kFirst,     ///< nothing was known before
        kDoubt,     ///< another one than the known one, not often enough yet
        kCorrected  ///< replaces the known one
    };
    /// Takes the endpoints' common answer. @throws DiskError
    Learned learn(ChainId seen);

  private:
    void keep(ChainId id);

    const bool configured_;
    const std::string path_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    std::optional<ChainId> id_;
    std::optional<ChainId> other_;  ///< named instead of `id_` by the last answers
    int others_ = 0;                ///< answers in a row that named `other_`
};

}  // namespace lamda::agent
