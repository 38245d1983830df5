// The BSC chain id that this agent serves: configured, or learned from the endpoints.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/ids.hpp"

namespace lamda::agent {

/// A learned id is stored on disk, for a start without any reachable endpoint. It is corrected if the
/// endpoints repeatedly report another id. Thread-safe.
class BscIdentity {
  public:
    /// Number of consecutive equal answers that replace a learned id: behind a load balancer a single answer
    /// may come from another chain.
    static constexpr int kAnswersToReplace = 3;

    /// @param path the file of the learned id
    BscIdentity(std::optional<ChainId> configured, std::string path);
    bool configured() const { return configured_; }
    std::optional<ChainId> known() const;
    /// Waits until the id is known; absent only if stopped.
    std::optional<ChainId> wait(const std::stop_token& stop) const;
    /// Waits until an id other than `chain` is known; returns false if stopped before.
    bool wait_other(ChainId chain, const std::stop_token& stop) const;

    enum class Learned {
        kNothing,      ///< the id is configured, or already known
        kFirst,        ///< no id was known before
        kUnconfirmed,  ///< another id than the known one, not yet often enough
        kCorrected     ///< replaces the known id
    };
    /// Evaluates the endpoints' common answer. @throws DiskError
    Learned learn(ChainId seen);

  private:
    void keep(ChainId id);

    const bool configured_;
    const std::string path_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    std::optional<ChainId> id_;
    std::optional<ChainId> other_;  ///< reported by the last answers instead of `id_`
    int others_ = 0;                ///< consecutive answers that reported `other_`
};

}  // namespace lamda::agent
