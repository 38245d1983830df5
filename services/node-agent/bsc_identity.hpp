// The BSC chain id that statuses are signed for: configured, or the first one that the endpoint told, kept on
// disk.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "core/ids.hpp"

namespace lamda::agent {

class BscIdentity {
  public:
    /// @param path the file that remembers the first id seen
    BscIdentity(std::optional<ChainId> configured, std::string path);
    std::optional<ChainId> known() const;
    /// Absent only when stopped.
    std::optional<ChainId> wait(const std::stop_token& stop) const;
    /// What an endpoint says. False: it contradicts what is known.
    bool learn(ChainId seen);

  private:
    std::string path_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any learned_;
    std::optional<ChainId> id_;
};

}  // namespace lamda::agent
