// Faults of a run, chosen by a seed: processes that are killed, and a bus that forgets.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "localnet/network.hpp"

namespace lamda::chaos {

class Faults {
  public:
    /// @param dir for copies of the bus's store
    Faults(localnet::Network& network, std::uint64_t seed, std::string dir);
    /// Injects one fault and ends it: every part runs again. @returns its name
    std::string strike();
    /// Names of all faults.
    std::vector<std::string> names() const;
    /// Number of injected faults by name.
    const std::map<std::string, int>& counts() const { return counts_; }
    /// Times at which the engine was killed, nanoseconds since 1970.
    const std::vector<std::int64_t>& engine_kills() const { return engine_kills_; }

  private:
    std::uint64_t below(std::uint64_t bound);
    void kill(const std::string& service);
    /// Kills the bus, changes its store, and starts it again. Keeps a copy of the store from before.
    void bus(const std::function<void(const std::string& store)>& change);
    void cut_back(const std::string& store);
    void flip_a_byte(const std::string& store);
    void put_copy_back(const std::string& store);
    void delete_stream();
    void kill_engine();

    localnet::Network& network_;
    std::mt19937_64 random_;
    std::string copy_;
    std::vector<std::pair<std::string, std::function<void()>>> faults_;
    std::map<std::string, int> counts_;
    std::vector<std::int64_t> engine_kills_;
};

}  // namespace lamda::chaos
