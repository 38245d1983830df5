// The operator's API keys that were admitted lately: their requests are counted by key before they are
// verified.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/ids.hpp"

namespace lamda::gateway {

/// Thread-safe. Forgets a key one minute after it was remembered, so that a revoked one has no
/// limit of its own longer than that, and all of them at kMost.
class KnownKeys {
  public:
    static constexpr std::size_t kMost = 10'000;
    static constexpr Millis kRemembered = std::chrono::minutes(1);

    explicit KnownKeys(const Clock& clock) : clock_(clock) {}
    /// Id of the key with this digest (access/secret_token.hpp).
    std::optional<std::string> find(const Bytes32& digest) const;
    void remember(const Bytes32& digest, const std::string& id);

  private:
    struct Known {
        std::string id;
        Steady until{};
    };
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::map<Bytes32, Known> keys_;
};

}  // namespace lamda::gateway
